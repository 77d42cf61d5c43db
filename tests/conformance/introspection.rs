//! Opaque tokens, and what the provider says of them.

use std::thread;

use keybound_suites::{Answer, Reply, Request, Stage, now};
use serde_json::{Value, json};

use crate::{route, stage};

/// A route whose tokens the provider is asked about.
pub(crate) fn opaque_route() -> String {
    route("opaque", asking(json!({})))
}

fn asking(more: Value) -> Value {
    let mut config =
        json!({ "auth_methods": ["introspection"], "client_id": ["suite"], "client_secret": ["secret"] });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

/// A good request with an opaque token of which the provider says this beside the usual.
fn said(claims: Value) -> Request {
    let mut all = json!({ "cnf": { "jkt": stage().client.jkt() } }).as_object().unwrap().clone();
    all.extend(claims.as_object().unwrap().clone());
    request(stage().provider.opaque(Value::Object(all)))
}

/// A good request with an opaque token about which the provider answers so.
fn answered(reply: Reply) -> Request {
    request(stage().provider.opaque_answered(reply))
}

fn request(token: String) -> Request {
    stage().by(&stage().client.holding(token), "GET", &opaque_route())
}

#[track_caller]
fn passes(name: &str, request: &Request) {
    stage().forwarded(name, request, request.token());
}

#[track_caller]
fn refused(name: &str, request: &Request, code: &str) {
    stage().refused(name, request, "invalid_token", code);
}

/// The provider's fault: 503, a time to wait, and no challenge.
#[track_caller]
fn unavailable(name: &str, reply: Reply) -> Answer {
    let answer = stage().rejected(name, &answered(reply).bytes(), &[503]);
    assert_eq!(answer.all("retry-after").len(), 1, "{name}: {answer:?}");
    answer
}

#[test]
fn in_01_not_active() {
    refused("IN-01", &said(json!({ "active": false })), "token_inactive");
}

#[test]
fn in_01_a_token_that_nobody_knows() {
    refused("unknown", &request(format!("unknown-{}", keybound_suites::unique())), "token_inactive");
}

#[test]
fn in_03_active_is_missing() {
    refused("IN-03", &answered(Reply::ok("{}")), "token_inactive");
}

#[test]
fn in_03_active_is_not_true() {
    for active in [json!("true"), json!(1), json!([true]), json!({}), json!("active")] {
        refused("IN-03", &said(json!({ "active": active })), "token_inactive");
    }
}

#[test]
fn in_03_active_is_null() {
    refused("IN-03", &answered(Reply::ok(r#"{"active":null}"#)), "token_inactive");
}

#[test]
fn in_03_active_twice() {
    let body = format!(r#"{{"active":false,"active":true,"cnf":{{"jkt":"{}"}}}}"#, stage().client.jkt());
    unavailable("IN-03", Reply::ok(body));
}

#[test]
fn in_04_bound_and_of_type_dpop() {
    passes("IN-04", &said(json!({ "token_type": "DPoP" })));
}

#[test]
fn in_04_bound_and_of_no_type() {
    passes("IN-04", &said(json!({ "exp": null, "iss": null, "iat": null })));
}

#[test]
fn in_04_of_type_dpop_and_not_bound() {
    refused("IN-04", &said(json!({ "token_type": "DPoP", "cnf": null })), "binding_not_dpop_bound");
}

#[test]
fn in_04_bound_to_another_key() {
    let jkt = stage().provider.client().jkt();
    refused("IN-04", &said(json!({ "cnf": { "jkt": jkt } })), "proof_key_mismatch");
}

#[test]
fn in_04_the_binding_counts_on_every_request() {
    let request = said(json!({}));
    passes("IN-04", &request);
    let token = request.token().to_owned();
    let thief = stage().provider.client().holding(token.clone());
    refused("a thief", &stage().by(&thief, "GET", &opaque_route()), "proof_key_mismatch");
    let bearer = stage().bare("GET", &opaque_route()).field("Authorization", &format!("Bearer {token}"));
    refused("as bearer", &bearer, "binding_dpop_required");
    assert_eq!(stage().provider.asked(&token), 1);
}

#[test]
fn in_08_cnf_is_json_in_text() {
    let cnf = json!({ "jkt": stage().client.jkt() }).to_string();
    refused("IN-08", &said(json!({ "cnf": cnf })), "token_cnf_not_object");
}

#[test]
fn in_08_jkt_outside_of_cnf() {
    refused("IN-08", &said(json!({ "cnf": null, "jkt": stage().client.jkt() })), "binding_not_dpop_bound");
}

#[test]
fn in_08_cnf_with_unknown_members_only() {
    refused("IN-08", &said(json!({ "cnf": { "kid": "x" } })), "token_cnf_unknown");
}

#[test]
fn in_10_expired_though_active() {
    refused("IN-10", &said(json!({ "exp": now() - 1 })), "token_expired");
}

#[test]
fn in_10_not_yet_valid_though_active() {
    refused("IN-10", &said(json!({ "nbf": now() + 60 })), "token_not_yet_valid");
}

#[test]
fn in_10_exp_is_text() {
    refused("IN-10", &said(json!({ "exp": "tomorrow" })), "token_claim_type");
}

#[test]
fn in_10_another_issuer() {
    refused("IN-10", &said(json!({ "iss": "https://other.test" })), "token_issuer");
}

#[test]
fn in_10_an_id_token() {
    refused("IN-10", &said(json!({ "typ": "ID" })), "token_kind");
}

#[test]
fn in_11_another_audience() {
    let path = route("opaque-audience", asking(json!({ "audience_required": ["suite"] })));
    for (aud, code) in [(json!("other"), 401), (json!(null), 401), (json!(["x", "suite"]), 200)] {
        let token = stage().provider.opaque(json!({ "cnf": { "jkt": stage().client.jkt() }, "aud": aud }));
        let client = stage().client.holding(token);
        let answer = stage().send(&stage().by(&client, "GET", &path));
        assert_eq!(answer.status, code, "{aud}: {answer:?}");
        assert!(code == 200 || answer.body.contains("token_audience"), "{answer:?}");
    }
}

#[test]
fn in_12_the_provider_refuses_us() {
    for status in [401, 403] {
        unavailable("IN-12", Reply::status(status));
    }
    let client = json!({ "error": "invalid_client" }).to_string();
    unavailable("IN-12", Reply::ok(client).with_status(400));
}

#[test]
fn in_13_the_provider_fails() {
    for status in [400, 404, 500, 502, 503] {
        unavailable("IN-13", Reply::status(status));
    }
}

#[test]
fn in_13_the_provider_breaks_off() {
    unavailable("IN-13", Reply::closing());
}

#[test]
fn in_13_the_provider_never_answers() {
    let path = route("opaque-impatient", asking(json!({ "timeout": 300 })));
    let token = stage().provider.opaque_answered(Reply::silence());
    let request = stage().by(&stage().client.holding(token), "GET", &path);
    let answer = stage().rejected("IN-13", &request.bytes(), &[503]);
    assert_eq!(answer.all("retry-after").len(), 1, "{answer:?}");
}

#[test]
fn in_13_the_provider_sends_us_elsewhere() {
    let other = keybound_suites::Provider::start();
    let location = format!("{}/introspect", other.issuer);
    unavailable("IN-13", Reply::status(307).field("Location", &location));
}

#[test]
fn in_14_the_provider_is_asked_too_often() {
    let answer = unavailable("IN-14", Reply::status(429).field("Retry-After", "17"));
    assert_eq!(answer.all("retry-after"), ["17"], "{answer:?}");
}

#[test]
fn in_15_an_answer_that_is_no_json() {
    for body in ["<html>", "", "true", "[]", "{\"active\":true} x"] {
        unavailable("IN-15", Reply::ok(body));
    }
}

#[test]
fn in_15_an_answer_that_is_too_long() {
    let body = json!({ "active": true, "padding": "x".repeat(10 * 1024 * 1024) }).to_string();
    unavailable("IN-15", Reply::ok(body));
    passes("the gateway goes on", &said(json!({})));
}

#[test]
fn in_15_an_answer_that_is_nested_too_deeply() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    unavailable("IN-15", Reply::ok(format!("{{\"active\":true,\"x\":{deep}}}")));
}

#[test]
fn in_25_a_refusal_is_remembered_for_a_while() {
    let request = said(json!({ "active": false }));
    for _ in 0..5 {
        refused("IN-25", &request, "token_inactive");
    }
    assert_eq!(stage().provider.asked(request.token()), 1);
}

#[test]
fn in_25_a_failure_is_not_a_refusal() {
    let token = stage().provider.opaque_answered(Reply::status(500));
    let request = || request(token.clone());
    stage().rejected("IN-25", &request().bytes(), &[503]);
    let claims = stage().provider.claims(json!({ "active": true, "cnf": { "jkt": stage().client.jkt() } }));
    stage().provider.says(&token, Reply::ok(claims.to_string()));
    passes("IN-25", &request());
}

#[test]
fn in_27_many_at_once_are_one_question() {
    let token = said(json!({})).token().to_owned();
    let client = stage().client.holding(token.clone());
    let path = opaque_route();
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| passes("IN-27", &stage().by(&client, "GET", &path)));
        }
    });
    assert_eq!(stage().provider.asked(&token), 1);
}

#[test]
fn in_27_the_answer_is_remembered() {
    let first = said(json!({}));
    passes("IN-27", &first);
    let client = stage().client.holding(first.token().to_owned());
    passes("IN-27", &stage().by(&client, "GET", &opaque_route()));
    assert_eq!(stage().provider.asked(first.token()), 1);
}

#[test]
fn in_27_unless_it_may_not_be() {
    let path = route("opaque-uncached", asking(json!({ "cache_introspection": false })));
    let client = stage().client.holding(said(json!({})).token().to_owned());
    for _ in 0..3 {
        passes("IN-27", &stage().by(&client, "GET", &path));
    }
    assert_eq!(stage().provider.asked(&client.token), 3);
}

#[test]
fn in_27_a_bound_on_questions() {
    let path = route("opaque-rated", asking(json!({ "introspection_max_rate": 1 })));
    let statuses: Vec<_> = (0..20)
        .map(|_| {
            let token = stage().provider.opaque(json!({ "active": false }));
            stage().send(&stage().by(&stage().client.holding(token), "GET", &path))
        })
        .collect();
    let many = statuses.iter().find(|answer| answer.status == 429).expect("a bound");
    assert_eq!((many.all("retry-after").len(), many.challenges().len()), (1, 0), "{many:?}");
}

#[test]
fn in_28_a_jwt_where_tokens_are_introspected() {
    let client = stage().provider.client();
    refused("not active", &stage().by(&client, "GET", &opaque_route()), "token_inactive");
}

#[test]
fn in_28_the_provider_does_not_introspect_jwts() {
    let client = stage().provider.client();
    let error = json!({ "error": "unsupported_token_type" }).to_string();
    stage().provider.says(&client.token, Reply::ok(error).with_status(400));
    refused("IN-28", &stage().by(&client, "GET", &opaque_route()), "token_not_introspectable");
    stage().forwarded("the gateway goes on", &stage().good(), &stage().client.token);
}

#[test]
fn in_28_a_jwt_that_is_introspected_too_keeps_its_binding() {
    let config =
        asking(json!({ "auth_methods": ["bearer", "introspection"], "introspect_jwt_tokens": true }));
    let path = route("jwt-introspected", config);
    let client = stage().provider.client();
    let says = |claims: Value| {
        let claims = stage().provider.claims(claims);
        stage().provider.says(&client.token, Reply::ok(claims.to_string()));
    };
    says(json!({ "active": true, "cnf": { "jkt": stage().client.jkt() } }));
    refused("another binding", &stage().by(&client, "GET", &path), "token_inactive");
}

#[test]
fn in_28_an_unbound_jwt_that_the_provider_binds() {
    let config =
        asking(json!({ "auth_methods": ["bearer", "introspection"], "introspect_jwt_tokens": true }));
    let path = route("jwt-introspected", config);
    let client = stage().client.holding(stage().provider.token(json!({})));
    let claims = stage().provider.claims(json!({ "active": true, "cnf": { "jkt": stage().client.jkt() } }));
    stage().provider.says(&client.token, Reply::ok(claims.to_string()));
    passes("bound by the provider", &stage().by(&client, "GET", &path));
    let bearer = stage().bare("GET", &path).field("Authorization", &format!("Bearer {}", client.token));
    refused("as bearer", &bearer, "binding_dpop_required");
}

#[test]
fn in_28_an_opaque_token_where_nobody_is_asked() {
    let client = stage().client.holding(said(json!({})).token().to_owned());
    refused("elsewhere", &stage().by(&client, "GET", Stage::PATH), "token_malformed");
}

/// A route that asks for signed answers.
fn signed_route() -> String {
    route("opaque-signed", asking(json!({ "introspection_accept": "application/token-introspection+jwt" })))
}

/// A good request with an opaque token about which the provider answers with a JWT of this header and these claims.
fn signed(signer: &keybound_suites::Provider, header: Value, claims: Value) -> Request {
    let said = json!({ "active": true, "cnf": { "jkt": stage().client.jkt() } });
    let mut all = json!({
        "iss": stage().provider.issuer, "aud": "suite", "token_introspection": stage().provider.claims(said),
    });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let mut typed = json!({ "typ": "token-introspection+jwt" });
    typed.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    let text = signer.token_by(signer.key(), typed, all);
    let reply = Reply::ok(text).field("Content-Type", "application/token-introspection+jwt");
    let token = stage().provider.opaque_answered(reply);
    stage().by(&stage().client.holding(token), "GET", &signed_route())
}

#[test]
fn in_17_a_signed_answer() {
    passes("IN-17", &signed(&stage().provider, json!({}), json!({})));
}

#[test]
fn in_17_a_signed_answer_of_another_issuer() {
    let other = keybound_suites::Provider::start();
    for claims in [json!({}), json!({ "iss": other.issuer })] {
        stage().stopped("IN-17", &signed(&other, json!({}), claims).bytes(), &[401, 503]);
    }
}

#[test]
fn in_18_a_signed_answer_for_another_resource() {
    for aud in [json!("other"), json!(["other"]), json!(null)] {
        refused("IN-18", &signed(&stage().provider, json!({}), json!({ "aud": aud })), "token_inactive");
    }
}

#[test]
fn in_19_a_signed_answer_of_another_type() {
    for typ in ["at+jwt", "JWT", "dpop+jwt"] {
        refused("IN-19", &signed(&stage().provider, json!({ "typ": typ }), json!({})), "token_inactive");
    }
}

#[test]
fn in_20_an_answer_that_is_not_signed() {
    let header = keybound_pop::base64url::encode(br#"{"alg":"none","typ":"token-introspection+jwt"}"#);
    let signed = signed(&stage().provider, json!({}), json!({}));
    let said = json!({ "active": true, "cnf": { "jkt": stage().client.jkt() } });
    let claims = json!({
        "iss": stage().provider.issuer, "aud": "suite", "iat": now(),
        "token_introspection": stage().provider.claims(said),
    });
    let payload = keybound_pop::base64url::encode(claims.to_string().as_bytes());
    let reply = Reply::ok(format!("{header}.{payload}.AA"));
    let reply = reply.field("Content-Type", "application/token-introspection+jwt");
    stage().provider.says(signed.token(), reply);
    refused("IN-20", &signed, "token_inactive");
}

//! What a refusal says, and in which form.

use keybound_pop::algorithm::AlgorithmSet;
use keybound_suites::{Answer, Challenge, Request, Stage};
use serde_json::{Value, json};

use crate::{optional, route, stage};

/// One request for each kind of refusal with 401.
fn refusals() -> Vec<(&'static str, Request)> {
    let stage = stage();
    let differing = |header: Value, claims: Value| stage.differing(header, claims);
    vec![
        ("nothing", stage.bare("GET", Stage::PATH)),
        ("another scheme", stage.good().authorization("Basic x")),
        ("as bearer", stage.good().authorization(&format!("Bearer {}", stage.client.token))),
        ("no proof", stage.good().without("DPoP")),
        ("a bad proof", stage.good().proof("x")),
        ("a bad header", differing(json!({ "typ": "x" }), json!({}))),
        ("another method", differing(json!({}), json!({ "htm": "PUT" }))),
        ("another url", differing(json!({}), json!({ "htu": "http://other.test/" }))),
        ("too old", differing(json!({}), json!({ "iat": 1 }))),
        ("a bad token", stage.good().authorization("DPoP abc")),
        (
            "another key",
            stage.by(&stage.provider.client().holding(stage.client.token.clone()), "GET", Stage::PATH),
        ),
    ]
}

/// The parameters of a challenge, read as RFC 9110 §11.2 has them.
fn parameters(challenge: &Challenge) -> Vec<(String, String)> {
    let mut rest = challenge.text.as_str();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("name=\"");
        let (value, after) = after.split_once('"').expect("\"");
        found.push((name.to_owned(), value.to_owned()));
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    found
}

fn refused(name: &str, request: &Request) -> Answer {
    stage().stopped(name, &request.bytes(), &[401])
}

#[test]
fn ch_01_one_dpop_challenge_with_what_verifies() {
    let every: Vec<&str> = AlgorithmSet::ALL.iter().map(|algorithm| algorithm.name()).collect();
    for (name, request) in refusals() {
        let answer = refused(name, &request);
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), 1, "{name}: {answer:?}");
        let parameters = parameters(&challenges[0]);
        let algs: Vec<_> = parameters.iter().filter(|(name, _)| name == "algs").collect();
        assert_eq!(algs.len(), 1, "{name}: {answer:?}");
        assert_eq!(algs[0].1.split(' ').collect::<Vec<_>>(), every, "{name}");
        let mut names: Vec<_> = parameters.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), parameters.len(), "{name}: a parameter twice: {answer:?}");
    }
}

#[test]
fn ch_01_and_one_bearer_challenge_where_bearer_is_taken() {
    let stage = stage();
    let path = optional();
    for (name, request) in [
        ("nothing", stage.bare("GET", &path)),
        ("no proof", stage.by(&stage.client, "GET", &path).without("DPoP")),
        ("a bad token", stage.bare("GET", &path).field("Authorization", "Bearer abc")),
    ] {
        let challenges = refused(name, &request).challenges();
        let schemes: Vec<_> = challenges.iter().map(|one| one.scheme.as_str()).collect();
        assert_eq!(schemes, ["DPoP", "Bearer"], "{name}");
        assert!(!challenges[1].text.contains("algs="), "{name}");
    }
}

#[test]
fn ch_02_the_error_stands_on_the_scheme_that_was_used() {
    let stage = stage();
    let path = optional();
    let cases = [
        (stage.by(&stage.client, "GET", &path).without("DPoP"), [Some("invalid_dpop_proof"), None]),
        (stage.by(&stage.client, "GET", &path).authorization("DPoP abc"), [Some("invalid_token"), None]),
        (stage.bare("GET", &path).field("Authorization", "Bearer abc"), [None, Some("invalid_token")]),
    ];
    for (request, expected) in cases {
        let answer = refused("CH-02", &request);
        let errors: Vec<_> = answer.challenges().into_iter().map(|one| one.error).collect();
        assert_eq!(errors.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{answer:?}");
    }
}

#[test]
fn ch_02_errors_can_be_hidden_but_not_the_need_for_a_nonce() {
    let path = route(
        "terse",
        json!({ "expose_error_code": false, "display_errors": false, "dpop_use_nonce": true }),
    );
    let answer = refused("hidden", &stage().by(&stage().client, "GET", &path).without("DPoP"));
    assert_eq!(answer.challenges()[0].error, None, "{answer:?}");
    let answer = refused("a nonce", &stage().by(&stage().client, "GET", &path));
    assert_eq!(answer.challenges()[0].error.as_deref(), Some("use_dpop_nonce"), "{answer:?}");
}

#[test]
fn ch_05_descriptions_hold_what_may_stand_there() {
    for (name, request) in refusals() {
        for challenge in refused(name, &request).challenges() {
            for (_, value) in parameters(&challenge) {
                let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
                assert!(value.bytes().all(allowed), "{name}: {value}");
            }
        }
    }
}

#[test]
fn ch_05_nothing_of_the_request_comes_back() {
    let stage = stage();
    let probe = "probe-7f3a\"><script>";
    for (header, claims) in [
        (json!({ "typ": probe }), json!({})),
        (json!({ "alg": probe }), json!({})),
        (json!({ "jwk": { "kty": probe } }), json!({})),
        (json!({}), json!({ "htm": probe })),
        (json!({}), json!({ "htu": probe })),
        (json!({}), json!({ "jti": [probe] })),
        (json!({}), json!({ "ath": probe })),
        (json!({}), json!({ "nonce": [probe] })),
    ] {
        let answer = refused("CH-05", &stage.differing(header, claims));
        assert!(!format!("{answer:?}").contains("7f3a"), "{answer:?}");
    }
    let token = stage.provider.token(json!({ "iss": probe, "cnf": { "jkt": stage.client.jkt() } }));
    let answer = refused("CH-05", &stage.by(&stage.client.holding(token), "GET", Stage::PATH));
    assert!(!format!("{answer:?}").contains("7f3a"), "{answer:?}");
}

#[test]
fn ch_07_a_realm_of_ones_own() {
    let path =
        route("realm", json!({ "realm": "a realm, of ones own", "proof_of_possession_dpop": "optional" }));
    let answer = refused("CH-07", &stage().bare("GET", &path));
    for challenge in answer.challenges() {
        assert!(challenge.text.starts_with(r#"realm="a realm, of ones own""#), "{answer:?}");
    }
}

#[test]
fn ch_07_a_realm_is_always_there() {
    for path in [optional(), route("dpop-off", json!({ "proof_of_possession_dpop": "off" }))] {
        for challenge in refused("CH-07", &stage().bare("GET", &path)).challenges() {
            assert!(challenge.text.contains("realm=\"keybound\""), "{challenge:?}");
        }
    }
}

#[test]
fn ch_10_head_has_the_fields_and_no_body() {
    let stage = stage();
    let get = refused("GET", &stage.by(&stage.client, "GET", Stage::PATH).without("DPoP"));
    let head = refused("HEAD", &stage.by(&stage.client, "HEAD", Stage::PATH).without("DPoP"));
    assert_eq!(head.body, "");
    for name in ["www-authenticate", "content-type"] {
        assert_eq!(get.all(name), head.all(name), "{name}");
    }
}

#[test]
fn ch_11_any_accept_gets_the_same_refusal() {
    for accept in
        ["application/problem+json", "text/html", "application/xml", "image/png", "*/*", "garbage;;"]
    {
        let answer = refused(accept, &stage().good().without("DPoP").field("Accept", accept));
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), 1, "{accept}: {answer:?}");
        assert_eq!(challenges[0].error.as_deref(), Some("invalid_dpop_proof"), "{accept}");
    }
}

#[test]
fn ch_11_the_body_has_kongs_form() {
    let path = route("plain-errors", json!({ "display_errors": false }));
    let answer = refused("CH-11", &stage().bare("GET", &path));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["message"], "Unauthorized", "{answer:?}");
    assert_eq!((&body["error"], &body["code"]), (&Value::Null, &Value::Null), "{answer:?}");
}

#[test]
fn ch_11_the_text_is_configured() {
    let path = route("own-text", json!({ "unauthorized_error_message": "Please log in" }));
    let answer = refused("CH-11", &stage().bare("GET", &path));
    assert!(answer.body.contains("\"message\":\"Please log in\""), "{answer:?}");
}

#[test]
fn ch_12_a_bad_proof_is_401() {
    for (name, request) in refusals() {
        assert_eq!(refused(name, &request).status, 401);
    }
}

#[test]
fn ch_13_what_is_not_the_clients_fault_has_no_challenge() {
    let issuer = "http://127.0.0.1:9";
    let path = route("unreachable", json!({ "issuer": issuer }));
    let claims = json!({ "iss": issuer, "cnf": { "jkt": stage().client.jkt() } });
    let client = stage().client.holding(stage().provider.token(claims));
    let good = stage().by(&client, "GET", &path);
    for request in [good.clone(), good.without("DPoP")] {
        stage().rejected("CH-13", &request.bytes(), &[503]);
    }
}

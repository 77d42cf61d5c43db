//! The certificate of the connection.

use keybound_suites::Seen;
use serde_json::json;

use crate::curl::Curl;
use crate::{ask, pki, refused, stage, strict, token};

#[test]
fn a_bound_token_goes_through_on_its_own_certificate_only() {
    let stage = stage(&[], json!({}));
    // MT-12: nobody has to trust it.
    let (own, other) = (pki::self_signed("client"), pki::self_signed("client"));
    let bound = token(&stage, &own.der);
    let curl = || Curl::to(stage.gateway.secure).bearer(&bound);
    let answer = curl().with(&own).get();
    assert_eq!(answer.status, 200, "MT-01: {answer:?}");
    assert_eq!(Seen::of(&answer).all("authorization"), [format!("Bearer {bound}")]);
    let requests = stage.upstream.requests();
    refused("MT-02", &curl().get(), "Bearer", Some("invalid_token"), "binding_certificate_missing");
    refused(
        "MT-03",
        &curl().with(&other).get(),
        "Bearer",
        Some("invalid_token"),
        "binding_certificate_mismatch",
    );
    let plain = stage.send(&stage.bare("GET", "/guarded").field("Authorization", &format!("Bearer {bound}")));
    refused("without TLS", &plain, "Bearer", Some("invalid_token"), "binding_certificate_missing");
    let unbound = stage.provider.token(json!({}));
    let unbound = Curl::to(stage.gateway.secure).bearer(&unbound).with(&own).get();
    refused("unbound", &unbound, "Bearer", Some("invalid_token"), "binding_certificate_required");
    let nothing = Curl::to(stage.gateway.secure).with(&own).get();
    refused("no token", &nothing, "Bearer", None, "credential_missing");
    assert_eq!(stage.upstream.requests(), requests, "none of these reached the upstream");
}

#[test]
fn mt_05_and_06_other_ways_to_write_the_thumbprint_are_refused() {
    let stage = stage(&[], json!({}));
    let own = pki::self_signed("client");
    let x5t = keybound_pop::thumbprint::certificate(&own.der).encode();
    for (name, cnf, code) in [
        ("padded", json!({ "x5t#S256": format!("{x5t}=") }), "token_cnf_x5t"),
        ("hex", json!({ "x5t#S256": "0".repeat(64) }), "token_cnf_x5t"),
        ("SHA-1", json!({ "x5t": x5t }), "token_cnf_unknown"),
        ("a list", json!({ "x5t#S256": [x5t] }), "token_cnf_x5t"),
    ] {
        let token = stage.provider.token(json!({ "cnf": cnf }));
        let answer = Curl::to(stage.gateway.secure).bearer(&token).with(&own).get();
        refused(name, &answer, "Bearer", Some("invalid_token"), code);
    }
}

#[test]
fn mt_08_a_bound_token_is_refused_where_certificates_are_not_checked_unless_that_is_asked_for() {
    let stage = stage(&[], json!({ "proof_of_possession_mtls": "off" }));
    let accept = json!({ "proof_of_possession_dpop": "off", "proof_of_possession_bound_tokens": "accept" });
    stage.guard("accept", "/accept", accept);
    let own = pki::self_signed("client");
    let curl = || Curl::to(stage.gateway.secure).bearer(&token(&stage, &own.der)).with(&own);
    refused("MT-08", &curl().get(), "Bearer", Some("invalid_token"), "binding_certificate_unchecked");
    assert_eq!(curl().get_of("gw.test", "/accept").status, 200);
}

#[test]
fn optional_takes_tokens_without_a_binding_and_checks_those_with_one() {
    let stage = stage(&[], json!({ "proof_of_possession_mtls": "optional" }));
    let own = pki::self_signed("client");
    let unbound = stage.provider.token(json!({}));
    assert_eq!(Curl::to(stage.gateway.secure).bearer(&unbound).get().status, 200);
    let bound = token(&stage, &own.der);
    assert_eq!(Curl::to(stage.gateway.secure).bearer(&bound).with(&own).get().status, 200);
    let answer = Curl::to(stage.gateway.secure).bearer(&bound).get();
    refused("no certificate", &answer, "Bearer", Some("invalid_token"), "binding_certificate_missing");
}

#[test]
fn a_token_bound_both_ways_needs_both() {
    let stage = stage(&[], json!({ "proof_of_possession_dpop": "strict" }));
    let (own, other) = (pki::self_signed("client"), pki::self_signed("client"));
    let client = stage.provider.client();
    let jkt = client.key.public().thumbprint().to_string();
    let x5t = keybound_pop::thumbprint::certificate(&own.der).encode();
    let token = stage.provider.token(json!({ "cnf": { "jkt": jkt, "x5t#S256": x5t } }));
    let client = keybound_suites::Client { token, ..client };
    let url = format!("https://gw.test:{}/guarded", stage.gateway.secure.port());
    let curl = |proof: bool| {
        let curl = Curl::to(stage.gateway.secure).field(&format!("Authorization: DPoP {}", client.token));
        if proof {
            curl.field(&format!("DPoP: {}", client.proof_with("GET", &url, json!({}), json!({}))))
        } else {
            curl
        }
    };
    assert_eq!(curl(true).with(&own).get().status, 200);
    refused("MT-10", &curl(true).get(), "DPoP", Some("invalid_token"), "binding_certificate_missing");
    refused(
        "other",
        &curl(true).with(&other).get(),
        "DPoP",
        Some("invalid_token"),
        "binding_certificate_mismatch",
    );
    refused("no proof", &curl(false).with(&own).get(), "DPoP", Some("invalid_dpop_proof"), "proof_missing");
    let bearer = Curl::to(stage.gateway.secure).bearer(&client.token).with(&own).get();
    refused("as a bearer", &bearer, "DPoP", Some("invalid_token"), "binding_dpop_required");
    // DG-05: under the DPoP scheme the certificate alone does not do.
    let only = stage.provider.token(json!({ "cnf": { "x5t#S256": x5t } }));
    let only = Curl::to(stage.gateway.secure).field(&format!("Authorization: DPoP {only}")).with(&own).get();
    refused("DG-05", &only, "DPoP", Some("invalid_token"), "binding_not_dpop_bound");
}

#[test]
fn mt_16_a_connection_for_another_name_is_misdirected() {
    let stage = keybound_suites::Stage::start(strict());
    stage.gateway.admin.guard(
        "named",
        "/named",
        stage.upstream.address,
        &json!({
            "issuer": stage.provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_mtls": "strict",
        }),
    );
    let route = json!({ "name": "secure", "paths": ["/secure"], "snis": ["secure.test"] });
    assert_eq!(stage.gateway.admin.post("/services/named/routes", &route).status, 201);
    ask(&stage, "secure");
    for version in ["--http1.1", "--http2"] {
        let curl = || Curl::to(stage.gateway.secure).argument(version);
        let other = curl().field("Host: secure.test").get_of("gw.test", "/secure");
        assert_eq!(other.status, 421, "{version}: {other:?}");
        assert_eq!(curl().get_of("secure.test", "/secure").status, 200, "{version}");
        assert_eq!(curl().field("Host: gw.test").get_of("secure.test", "/named").status, 421, "{version}");
        assert_eq!(curl().get_of("gw.test", "/named").status, 401, "{version}");
    }
}

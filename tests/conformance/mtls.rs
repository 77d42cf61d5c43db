//! Tokens that are bound to a certificate.

use std::sync::OnceLock;

use keybound_suites::tls::{Authority, Identity, Tls};
use keybound_suites::{Answer, Request, Seen, Stage};
use serde_json::{Value, json};

use crate::{route, stage};

/// The thumbprint of no certificate in particular.
const X5T: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/// A route that takes bearer tokens and checks no certificates.
fn off() -> String {
    route("dpop-off", json!({ "proof_of_possession_dpop": "off" }))
}

fn bearer(path: &str, cnf: Value) -> Request {
    let token = stage().provider.token(json!({ "cnf": cnf }));
    stage().bare("GET", path).field("Authorization", &format!("Bearer {token}"))
}

/// Refused as `invalid_token` with a Bearer challenge only.
#[track_caller]
fn refused(name: &str, request: &Request, code: &str) {
    let answer = stage().stopped(name, &request.bytes(), &[401]);
    let errors: Vec<_> = answer.challenges().into_iter().map(|one| (one.scheme, one.error)).collect();
    assert_eq!(errors, [("Bearer".to_owned(), Some("invalid_token".to_owned()))], "{name}: {answer:?}");
    assert!(answer.body.contains(code), "{name}: {answer:?}");
}

#[test]
fn mt_05_a_thumbprint_in_another_form() {
    for text in [
        "d1970e08e459358cbe0d6a6aab7d236722461d3374776 1e0941577ba282e0382".replace(' ', ""),
        format!("{X5T}="),
        X5T.replace('-', "+"),
        X5T[..42].to_owned(),
        String::new(),
    ] {
        refused("MT-05", &bearer(&off(), json!({ "x5t#S256": text })), "token_cnf_x5t");
    }
    refused("MT-05", &bearer(&off(), json!({ "x5t#S256": 7 })), "token_cnf_x5t");
}

#[test]
fn mt_06_a_thumbprint_of_sha_1() {
    refused("MT-06", &bearer(&off(), json!({ "x5t": "kd-0yUuTRmMWnqGYsdLrJMVeVAM" })), "token_cnf_unknown");
    refused("MT-06", &bearer(&off(), json!({ "x5t#s256": X5T })), "token_cnf_unknown");
}

#[test]
fn mt_08_bound_to_a_certificate_where_nobody_checks_it() {
    refused("MT-08", &bearer(&off(), json!({ "x5t#S256": X5T })), "binding_certificate_unchecked");
}

#[test]
fn mt_08_the_same_where_that_is_accepted() {
    let config = json!({ "proof_of_possession_dpop": "off", "proof_of_possession_bound_tokens": "accept" });
    let request = bearer(&route("dpop-off-accepting", config), json!({ "x5t#S256": X5T }));
    stage().forwarded("accepted", &request, request.token());
}

/// A gateway whose handshakes ask for a certificate.
///
/// `/certificate` demands one, `/either` takes tokens bound in any way, `/forwarded` takes the certificate from a field.
fn asking() -> &'static Stage {
    static ASKING: OnceLock<Stage> = OnceLock::new();
    Stage::shared(&ASKING, || {
        let stage = Stage::start_with(&[("trusted_ips", "127.0.0.1/32")], json!({}));
        let strict = json!({ "proof_of_possession_dpop": "off", "proof_of_possession_mtls": "strict" });
        stage.guard("certificate", "/certificate", strict);
        let either =
            json!({ "proof_of_possession_dpop": "optional", "proof_of_possession_mtls": "optional" });
        stage.guard("either", "/either", either);
        let authority = stage.gateway.admin.post("/ca_certificates", &json!({ "cert": authority().pem() }));
        assert_eq!(authority.status, 201, "{authority:?}");
        let id: Value = serde_json::from_str(&authority.body).unwrap();
        let forwarded = json!({
            "proof_of_possession_dpop": "off",
            "proof_of_possession_mtls": "strict",
            "proof_of_possession_mtls_from_header": {
                "certificate_header_name": "Client-Cert", "certificate_header_format": "rfc9440",
                "ca_certificates": [id["id"]], "revocation_check_mode": "SKIP",
            },
        });
        stage.guard("forwarded", "/forwarded", forwarded);
        for name in ["certificate", "either", "forwarded"] {
            let path = format!("/routes/{name}/plugins");
            let answer = stage.gateway.admin.post(&path, &json!({ "name": "tls-handshake-modifier" }));
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        stage
    })
}

/// A request for this route over TLS, with a token of this confirmation.
fn over_tls(path: &str, cnf: Value) -> Request {
    let token = asking().provider.token(json!({ "cnf": cnf }));
    asking()
        .bare("GET", path)
        .without("Host")
        .field("Host", &asking().gateway.secure.to_string())
        .field("Authorization", &format!("Bearer {token}"))
}

fn send(identity: Option<&Identity>, request: &Request) -> Answer {
    Tls::new(identity).send(asking().gateway.secure, "localhost", &request.bytes()).answer
}

#[track_caller]
fn turned_away(name: &str, answer: &Answer, code: &str) {
    assert_eq!(answer.status, 401, "{name}: {answer:?}");
    let errors: Vec<_> = answer.challenges().into_iter().map(|one| (one.scheme, one.error)).collect();
    assert_eq!(errors, [("Bearer".to_owned(), Some("invalid_token".to_owned()))], "{name}: {answer:?}");
    assert!(answer.body.contains(code), "{name}: {answer:?}");
}

#[test]
fn mt_01_the_right_certificate() {
    let own = Identity::self_signed("client.test");
    let request = over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() }));
    let answer = send(Some(&own), &request);
    assert_eq!(Seen::of(&answer).all("authorization"), [format!("Bearer {}", request.token())]);
}

#[test]
fn mt_02_no_certificate() {
    let own = Identity::self_signed("client.test");
    let request = over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() }));
    turned_away("MT-02", &send(None, &request), "binding_certificate_missing");
    let plain = request.without("Host").field("Host", &asking().authority());
    turned_away("without TLS", &asking().send(&plain), "binding_certificate_missing");
}

#[test]
fn mt_03_another_certificate() {
    let (own, other) = (Identity::self_signed("client.test"), Identity::self_signed("client.test"));
    let request = over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() }));
    turned_away("MT-03", &send(Some(&other), &request), "binding_certificate_mismatch");
}

#[test]
fn mt_10_bound_both_ways_and_one_is_missing() {
    let own = Identity::self_signed("client.test");
    let stage = asking();
    let cnf = json!({ "jkt": stage.client.jkt(), "x5t#S256": own.thumbprint() });
    let client = stage.client.holding(stage.provider.token(json!({ "cnf": cnf })));
    let url = format!("https://{}/either", stage.gateway.secure);
    let with = |proof: bool| {
        let request = over_tls("/either", json!({})).authorization(&format!("DPoP {}", client.token));
        if proof { request.proof(&client.proof("GET", &url)) } else { request }
    };
    for (name, identity, proof, code) in [
        ("no certificate", None, true, "binding_certificate_missing"),
        ("no proof", Some(&own), false, "proof_missing"),
    ] {
        let answer = send(identity, &with(proof));
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        assert_eq!(answer.challenges()[0].scheme, "DPoP", "{name}");
        assert!(answer.body.contains(code), "{name}: {answer:?}");
    }
    let bearer = over_tls("/either", json!({})).authorization(&format!("Bearer {}", client.token));
    assert_eq!(send(Some(&own), &bearer).status, 401);
    assert_eq!(send(Some(&own), &with(true)).status, 200);
}

#[test]
fn mt_12_a_certificate_that_nobody_else_signed() {
    let own = Identity::self_signed("anybody");
    let request = over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() }));
    assert_eq!(send(Some(&own), &request).status, 200);
}

#[test]
fn mt_14_a_session_that_is_taken_up_again_keeps_its_certificate() {
    let own = Identity::self_signed("client.test");
    let client = Tls::new(Some(&own));
    let request = || over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() })).bytes();
    let first = client.send(asking().gateway.secure, "localhost", &request());
    let second = client.send(asking().gateway.secure, "localhost", &request());
    assert_eq!((first.answer.status, second.answer.status), (200, 200), "{second:?}");
    assert!(!first.resumed && second.resumed, "{second:?}");
}

#[test]
fn mt_15_no_data_before_the_handshake_ends() {
    let own = Identity::self_signed("client.test");
    let client = Tls::new(Some(&own));
    let request = || over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() })).bytes();
    assert_eq!(client.send(asking().gateway.secure, "localhost", &request()).answer.status, 200);
    assert!(!client.send(asking().gateway.secure, "localhost", &request()).early);
}

/// The authority whose certificates are taken from a field.
fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new)
}

/// A request as a proxy passes it on, with a token bound to this certificate, and these fields.
fn passed_on(identity: &Identity, fields: &[&str]) -> Request {
    let request = over_tls("/forwarded", json!({ "x5t#S256": identity.thumbprint() }));
    let request = request.without("Host").field("Host", &asking().authority());
    fields.iter().fold(request, |request, value| request.field("Client-Cert", value))
}

#[test]
fn mt_01_the_right_certificate_in_a_field() {
    let own = authority().certificate(2020, 2100);
    let request = passed_on(&own, &[&own.field()]);
    let seen = asking().forwarded("MT-01", &request, request.token());
    assert!(!seen.names().contains(&"client-cert"), "{seen:?}");
}

#[test]
fn mt_02_no_certificate_in_the_field() {
    let own = authority().certificate(2020, 2100);
    turned_away("MT-02", &asking().send(&passed_on(&own, &[])), "binding_certificate_missing");
}

#[test]
fn mt_13_an_expired_certificate_in_a_field() {
    let own = authority().certificate(2000, 2001);
    let answer = asking().send(&passed_on(&own, &[&own.field()]));
    turned_away("MT-13", &answer, "certificate_");
}

#[test]
fn mt_13_a_certificate_of_nobody_in_a_field() {
    let own = Identity::self_signed("client.test");
    let answer = asking().send(&passed_on(&own, &[&own.field()]));
    turned_away("MT-13", &answer, "certificate_");
}

#[test]
fn mt_21_the_field_twice() {
    let own = authority().certificate(2020, 2100);
    let answer = asking().send(&passed_on(&own, &[&own.field(), &own.field()]));
    turned_away("MT-21", &answer, "certificate_header_repeated");
}

#[test]
fn mt_22_the_field_where_the_connection_counts() {
    let own = Identity::self_signed("client.test");
    let request = over_tls("/certificate", json!({ "x5t#S256": own.thumbprint() }));
    let answer = send(None, &request.field("Client-Cert", &own.field()));
    turned_away("MT-22", &answer, "binding_certificate_missing");
}

#[test]
fn mt_22_the_connection_where_the_field_counts() {
    let own = authority().certificate(2020, 2100);
    let request = over_tls("/forwarded", json!({ "x5t#S256": own.thumbprint() }));
    turned_away("MT-22", &send(Some(&own), &request), "binding_certificate_missing");
}

#[test]
fn mt_23_a_field_that_cannot_be_read() {
    let own = authority().certificate(2020, 2100);
    for value in
        ["x", ":!:", "::", ":AAAA:", &own.field().replace(':', ""), &format!("{0}, {0}", own.field())]
    {
        let answer = asking().send(&passed_on(&own, &[value]));
        assert_eq!(answer.status, 401, "{value}: {answer:?}");
        assert_eq!(answer.challenges()[0].error.as_deref(), Some("invalid_token"), "{answer:?}");
    }
}

#[test]
fn mt_23_a_field_that_is_too_long() {
    let own = authority().certificate(2020, 2100);
    let answer = asking().send(&passed_on(&own, &[&format!(":{}:", "A".repeat(1024 * 1024))]));
    assert!([400, 401, 431].contains(&answer.status), "{answer:?}");
}

#[test]
fn mt_16_a_connection_for_another_name() {
    let stage = Stage::start(json!({}));
    let admin = &stage.gateway.admin;
    let url = format!("http://{}/up", stage.upstream.address);
    assert_eq!(admin.post("/services", &json!({ "name": "s", "url": url })).status, 201);
    for name in ["asking", "plain"] {
        let host = format!("{name}.test");
        let route = json!({ "name": name, "hosts": [host], "snis": [host], "protocols": ["https"] });
        assert_eq!(admin.post("/services/s/routes", &route).status, 201);
    }
    let asks = json!({ "name": "tls-handshake-modifier" });
    assert_eq!(admin.post("/routes/asking/plugins", &asks).status, 201);
    let to = |sni: &str, host: &str| {
        let request = stage.bare("GET", "/").without("Host").field("Host", host);
        Tls::new(None).send(stage.gateway.secure, sni, &request.bytes()).answer.status
    };
    assert_eq!(to("asking.test", "asking.test"), 200);
    assert_eq!(to("plain.test", "plain.test"), 200);
    assert_eq!(to("plain.test", "asking.test"), 421);
    assert_eq!(to("asking.test", "plain.test"), 421);
}

//! Tokens that are bound to a certificate.

use keybound_suites::Request;
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

//! Certificate-bound tokens (RFC 8705) on the built gateway: curl shows certificates in real handshakes, a real nginx ends
//! TLS in front, a real OCSP responder and a list of revoked certificates are asked. A case's name begins with its id in the
//! project's table of cases where it has one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod connection;
mod curl;
mod header;
mod mtls_auth;
mod nginx;
mod pki;
mod revocation;

use keybound_suites::{Answer, Stage};
use serde_json::{Value, json};

/// A stage whose guarded route takes certificate-bound tokens only, and asks for certificates.
fn stage(settings: &[(&str, &str)], config: Value) -> Stage {
    let stage = Stage::start_with(settings, merged(strict(), config));
    ask(&stage, "guarded");
    stage
}

fn strict() -> Value {
    json!({ "proof_of_possession_dpop": "off", "proof_of_possession_mtls": "strict" })
}

fn merged(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

/// Makes the handshake ask for certificates.
fn ask(stage: &Stage, route: &str) {
    let path = format!("/routes/{route}/plugins");
    let answer = stage.gateway.admin.post(&path, &json!({ "name": "tls-handshake-modifier" }));
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// Puts an authority into the configuration; its id.
fn authority(stage: &Stage, pem: &str) -> String {
    let answer = stage.gateway.admin.post("/ca_certificates", &json!({ "cert": pem }));
    assert_eq!(answer.status, 201, "{answer:?}");
    let entity: Value = serde_json::from_str(&answer.body).unwrap();
    entity["id"].as_str().unwrap().to_owned()
}

/// A token bound to this certificate.
fn token(stage: &Stage, der: &[u8]) -> String {
    let x5t = keybound_pop::thumbprint::certificate(der).encode();
    stage.provider.token(json!({ "cnf": { "x5t#S256": x5t } }))
}

/// A refusal: 401, this OAuth error on this scheme's challenge, this code.
#[track_caller]
fn refused(name: &str, answer: &Answer, scheme: &str, error: Option<&str>, code: &str) {
    assert_eq!(answer.status, 401, "{name}: {answer:?}");
    let challenges = answer.challenges();
    let challenge = challenges.iter().find(|challenge| challenge.scheme == scheme);
    assert_eq!(challenge.unwrap().error.as_deref(), error, "{name}: {answer:?}");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["code"], code, "{name}: {answer:?}");
}

//! The gateway as a client of its provider: keys of its own, one set for all nodes, published without their private parts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keybound_suites::{Admin, Answer, Gateway, PostgresServer};
use serde_json::{Value, json};

/// Longer than anything here takes.
const EVER: Duration = Duration::from_secs(120);

fn call(address: SocketAddr, method: &str, path: &str) -> Answer {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    Answer::to(address, head.as_bytes())
}

fn set(admin: Admin) -> Answer {
    call(admin.address, "GET", "/openid-connect/jwks")
}

fn keys(answer: &Answer) -> Vec<Value> {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["keys"].as_array().unwrap().clone()
}

fn kids(answer: &Answer) -> Vec<String> {
    keys(answer).iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Asks for the key set until it is as wanted.
#[track_caller]
fn until(node: &Gateway, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let started = Instant::now();
    loop {
        let answer = set(node.admin);
        if wanted(&answer) {
            return answer;
        }
        assert!(started.elapsed() < EVER, "never as wanted: {answer:?}\n{}", node.log());
    }
}

/// A plugin that signs with keys of the gateway's own.
fn plugin() -> Value {
    json!({
        "name": "openid-connect",
        "config": {
            "issuer": "https://idp.test", "auth_methods": ["introspection"],
            "client_id": ["gateway"], "client_auth": ["private_key_jwt"],
        },
    })
}

#[track_caller]
fn is_public(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.fields.contains(&("content-type".to_owned(), "application/jwk-set+json".to_owned())));
    for key in keys(answer) {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!members.contains(&member), "{members:?}");
        }
        assert!(key["kty"].is_string() && key["alg"].is_string());
    }
}

#[test]
fn all_nodes_of_a_database_have_one_set_and_change_it_together() {
    let server = PostgresServer::start();
    let database = server.settings("clients");
    let settings: Vec<(&str, &str)> = database.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (one, two) = (Gateway::start(&settings), Gateway::start(&settings));
    assert_eq!(set(one.admin).status, 404, "nobody needs keys yet");

    let answer = one.admin.post("/plugins", &plugin());
    assert_eq!(answer.status, 201, "{answer:?}");
    let first = until(&one, |answer| answer.status == 200);
    is_public(&first);
    assert_eq!(kids(&first).len(), 10);
    assert_eq!(kids(&until(&two, |answer| answer.status == 200)), kids(&first));
    // As after a restart.
    let three = Gateway::start(&settings);
    assert_eq!(kids(&set(three.admin)), kids(&first));

    assert_eq!(call(two.admin.address, "DELETE", "/openid-connect/jwks").status, 204);
    let second = set(two.admin);
    is_public(&second);
    let (new, old) = (kids(&second)[..10].to_vec(), kids(&second)[10..].to_vec());
    assert_eq!(old, kids(&first), "what was signed a moment ago still verifies");
    assert!(new.iter().all(|kid| !old.contains(kid)));
    until(&one, |answer| kids(answer) == kids(&second));

    assert_eq!(call(one.admin.address, "DELETE", "/openid-connect/jwks").status, 204);
    let third = kids(&set(one.admin));
    assert_eq!(third[10..], new);
    assert!(third.iter().all(|kid| !old.contains(kid)), "the first set is gone");
}

#[test]
fn a_set_that_is_deleted_while_it_is_needed_is_made_again() {
    let node = Gateway::start(&[]);
    assert_eq!(node.admin.post("/plugins", &plugin()).status, 201);
    let first = kids(&until(&node, |answer| answer.status == 200));
    let path = "/oic_jwks/c3cfba2d-1617-453f-a416-52e6edb5f9a0";
    assert_eq!(call(node.admin.address, "GET", path).status, 200);
    assert_eq!(call(node.admin.address, "DELETE", path).status, 204);
    until(&node, |answer| answer.status == 200 && kids(answer).iter().all(|kid| !first.contains(kid)));
}

#[test]
fn a_set_that_cannot_sign_is_refused_and_the_one_before_stays() {
    let node = Gateway::start(&[]);
    assert_eq!(node.admin.post("/plugins", &plugin()).status, 201);
    let first = kids(&until(&node, |answer| answer.status == 200));
    let broken = json!({
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "x": "AA", "y": "AA", "d": "AA"}]},
        "id": "00000000-0000-4000-8000-000000000001",
    });
    // Not the set that counts: it may be anything.
    assert_eq!(node.admin.post("/oic_jwks", &broken).status, 201);
    assert_eq!(kids(&set(node.admin)), first);
    let path = "/oic_jwks/c3cfba2d-1617-453f-a416-52e6edb5f9a0";
    let body = json!({"jwks": broken["jwks"]}).to_string();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        node.admin.address,
        body.len()
    );
    let answer = Answer::to(node.admin.address, head.as_bytes());
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.body.contains("oic_jwks: key 1 of the set"), "{answer:?}");
    assert_eq!(kids(&set(node.admin)), first);
}

#[test]
fn without_a_store_the_set_lives_with_the_process() {
    let declared = json!({"_format_version": "3.0", "plugins": [plugin()]}).to_string();
    let node = Gateway::start(&[("database", "off"), ("declarative_config_string", &declared)]);
    let first = until(&node, |answer| answer.status == 200);
    is_public(&first);
    assert_eq!(call(node.admin.address, "DELETE", "/openid-connect/jwks").status, 204);
    let second = kids(&set(node.admin));
    assert_eq!(second[10..], kids(&first));
}

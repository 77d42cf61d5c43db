use keybound_suites::{Answer, Stage, now};
use serde_json::json;

fn nonce_of(answer: &Answer) -> String {
    let nonces = answer.all("dpop-nonce");
    assert_eq!(nonces.len(), 1, "{answer:?}");
    assert!(nonces[0].len() < 200, "NO-26");
    assert_eq!(answer.all("cache-control"), ["no-store"], "{answer:?}");
    nonces[0].to_owned()
}

#[test]
fn a_required_nonce_is_given_and_then_taken() {
    let stage = Stage::start(json!({ "dpop_use_nonce": true }));
    let challenged = stage.refused("no nonce", &stage.good(), "use_dpop_nonce", "proof_nonce_missing");
    let nonce = nonce_of(&challenged);
    let with = |claims| stage.differing(json!({}), claims);
    let request = with(json!({ "nonce": nonce, "jti": "no-21" }));
    stage.forwarded("the nonce", &request, &stage.client.token);
    stage.refused("RP-01 with a nonce", &request, "invalid_dpop_proof", "proof_replayed");
    stage.forwarded("NO-25", &with(json!({ "nonce": nonce, "iat": now() - 3600 })), &stage.client.token);
    let made_up =
        stage.refused("NO-08", &with(json!({ "nonce": "x" })), "use_dpop_nonce", "proof_nonce_invalid");
    assert_ne!(nonce_of(&made_up), nonce);
}

#[test]
fn nodes_with_one_secret_take_each_others_nonces() {
    let secret =
        json!({ "dpop_use_nonce": true, "dpop_nonce_secrets": ["0123456789abcdef0123456789abcdef"] });
    let (first, second) = (Stage::start(secret.clone()), Stage::start(secret));
    let nonce = nonce_of(&first.refused("first", &first.good(), "use_dpop_nonce", "proof_nonce_missing"));
    second.forwarded("NO-18", &second.differing(json!({}), json!({ "nonce": nonce })), &second.client.token);
    let stranger = Stage::start(json!({ "dpop_use_nonce": true }));
    let request = stranger.differing(json!({}), json!({ "nonce": nonce }));
    stranger.refused("NO-08", &request, "use_dpop_nonce", "proof_nonce_invalid");
}

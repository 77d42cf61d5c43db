use keybound_suites::Stage;
use serde_json::json;

use crate::{begun, cookies, sessions, with};

#[test]
fn a_session_passes_with_a_proof_for_its_token_and_with_nothing_less() {
    let stage = Stage::start(sessions(json!({})));
    let session = begun(&stage);
    let proof = stage.client.proof("GET", &stage.url(Stage::PATH));
    let seen = stage.forwarded(
        "session and proof",
        &with(&stage, &format!("a=b; {session}")).field("DPoP", &proof),
        &stage.client.token,
    );
    assert_eq!(seen.all("cookie"), ["a=b"], "the session stays here");

    let refused = |name: &str, request, error: &str, code: &str| {
        let answer = stage.refused(name, &request, error, code);
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{name}: the session goes on");
    };
    refused("no proof", with(&stage, &session), "invalid_dpop_proof", "proof_missing");
    let replayed = with(&stage, &session).field("DPoP", &proof);
    refused("replayed", replayed, "invalid_dpop_proof", "proof_replayed");
    let mut stranger = stage.provider.client();
    stranger.token.clone_from(&stage.client.token);
    let stolen = with(&stage, &session).field("DPoP", &stranger.proof("GET", &stage.url(Stage::PATH)));
    refused("another key", stolen, "invalid_token", "proof_key_mismatch");
    let other = stage.provider.client();
    let unrelated = with(&stage, &session).field("DPoP", &other.proof("GET", &stage.url(Stage::PATH)));
    refused("another token's proof", unrelated, "invalid_dpop_proof", "proof_ath_mismatch");
    let elsewhere = with(&stage, &session).field("DPoP", &stage.client.proof("GET", &stage.url("/other")));
    refused("another URL", elsewhere, "invalid_dpop_proof", "proof_htu_mismatch");
    let bearer = with(&stage, &session).field("Authorization", &format!("Bearer {}", stage.client.token));
    refused("as a bearer token", bearer, "invalid_token", "binding_dpop_required");
    stage.forwarded(
        "still there",
        &with(&stage, &session).field("DPoP", &stage.client.proof("GET", &stage.url(Stage::PATH))),
        &stage.client.token,
    );
}

#[test]
fn a_session_without_proof_from_a_route_with_the_same_secret_opens_no_bound_route() {
    let stage = Stage::start(sessions(json!({})));
    let lax = json!({ "proof_of_possession_dpop": "off", "proof_of_possession_bound_tokens": "accept" });
    stage.guard("lax", "/lax", sessions(lax));
    let request = stage.bare("GET", "/lax").field("Authorization", &format!("Bearer {}", stage.client.token));
    let answer = stage.send(&request);
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = cookies(&answer);
    let proof = stage.client.proof("GET", &stage.url(Stage::PATH));
    stage.refused("without proof", &with(&stage, &session), "invalid_token", "session_foreign");
    stage.refused(
        "with proof",
        &with(&stage, &session).field("DPoP", &proof),
        "invalid_token",
        "session_foreign",
    );
    let unbound = stage.provider.token(json!({}));
    let answer = stage.send(&stage.bare("GET", "/lax").field("Authorization", &format!("Bearer {unbound}")));
    stage.refused("unbound", &with(&stage, &cookies(&answer)), "invalid_token", "session_foreign");
}

#[test]
fn a_bad_authorization_beside_a_good_session_is_refused() {
    let stage = Stage::start(sessions(json!({})));
    let session = begun(&stage);
    let good = || with(&stage, &session).field("DPoP", &stage.client.proof("GET", &stage.url(Stage::PATH)));
    let expired = stage.provider.token(json!({ "exp": 1_000_000 }));
    stage.refused(
        "expired",
        &good().field("Authorization", &format!("DPoP {expired}")),
        "invalid_token",
        "token_expired",
    );
    let answer = stage.send(&good().field("Authorization", "DPoP a b"));
    assert_eq!(answer.status, 400, "{answer:?}");
    stage.forwarded(
        "its own token",
        &good().field("Authorization", &format!("DPoP {}", stage.client.token)),
        &stage.client.token,
    );
}

use keybound_suites::Stage;
use serde_json::json;

const BAD: &str = "invalid_dpop_proof";

#[test]
fn a_proof_is_good_once() {
    let stage = Stage::start(json!({}));
    let token = &stage.client.token;
    let request = stage.good();
    stage.forwarded("RP-01", &request, token);
    stage.refused("RP-01", &request, BAD, "proof_replayed");
    let same = |claims| stage.differing(json!({}), claims);
    stage.forwarded("RP-02", &same(json!({ "jti": "rp-02" })), token);
    stage.refused("RP-02", &same(json!({ "jti": "rp-02", "extra": 1 })), BAD, "proof_replayed");
    stage.refused("RP-11", &same(json!({ "jti": "rp-11", "ath": null })), BAD, "proof_ath");
    stage.forwarded("RP-11", &same(json!({ "jti": "rp-11" })), token);
}

#[test]
fn keys_do_not_share_their_jti() {
    let stage = Stage::start(json!({}));
    let claims = json!({ "jti": "rp-04" });
    stage.forwarded("RP-04", &stage.differing(json!({}), claims.clone()), &stage.client.token);
    let other = stage.provider.client();
    let proof = other.proof_with("GET", &stage.url(Stage::PATH), json!({}), claims);
    let request = stage
        .bare("GET", Stage::PATH)
        .field("Authorization", &format!("DPoP {}", other.token))
        .field("DPoP", &proof);
    stage.forwarded("RP-04", &request, &other.token);
}

#[test]
fn pipelined_requests_are_decided_one_by_one() {
    let stage = Stage::start(json!({}));
    let first = stage.good().field("Connection", "keep-alive");
    let replayed = first.clone().without("Connection");
    let both = [first.bytes(), replayed.bytes()].concat();
    let statuses: Vec<u16> = stage.send_all(&both, 2).iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 401], "HT-33");
}

#[test]
fn limits_refuse_and_never_evict() {
    let stage = Stage::start(json!({ "dpop_replay_max_entries": 2 }));
    let requests = [stage.good(), stage.good(), stage.good()];
    stage.forwarded("RP-15", &requests[0], &stage.client.token);
    stage.forwarded("RP-15", &requests[1], &stage.client.token);
    let full = stage.rejected("RP-15", &requests[2].bytes(), &[503]);
    assert_eq!(full.all("retry-after").len(), 1, "RP-15: {full:?}");
    stage.refused("RP-15: the first is still known", &requests[0], BAD, "proof_replayed");

    stage.guard("quota", "/quota", json!({ "dpop_replay_max_entries_per_key": 1 }));
    let at_quota = |client: &keybound_suites::Client| {
        stage
            .bare("GET", "/quota")
            .field("Authorization", &format!("DPoP {}", client.token))
            .field("DPoP", &client.proof("GET", &stage.url("/quota")))
    };
    stage.forwarded("RP-16", &at_quota(&stage.client), &stage.client.token);
    let many = stage.rejected("RP-16", &at_quota(&stage.client).bytes(), &[429]);
    assert_eq!(many.all("retry-after").len(), 1, "RP-16: {many:?}");
    let other = stage.provider.client();
    stage.forwarded("RP-16: another key", &at_quota(&other), &other.token);
}

#[test]
fn protection_can_be_switched_off() {
    let stage = Stage::start(json!({ "dpop_replay_protection": "off" }));
    let request = stage.good();
    stage.forwarded("RP-25", &request, &stage.client.token);
    stage.forwarded("RP-25", &request, &stage.client.token);
}

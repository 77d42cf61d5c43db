//! Used proofs in memory do not go over to the next process; they are of no use there all the same.

use keybound_suites::Stage;
use serde_json::json;

#[test]
fn a_proof_that_was_used_before_an_upgrade_is_asked_for_a_nonce_after_it_and_a_new_one_passes() {
    let stage = Stage::start(json!({}));
    let used = stage.good();
    stage.forwarded("before", &used, &stage.client.token);
    stage.gateway.signal("USR2");
    let _ = stage.gateway.wait_for_log("handed over");
    let answer = stage.refused("used before", &used, "use_dpop_nonce", "proof_cold_start");
    assert_eq!(answer.all("dpop-nonce").len(), 1, "{answer:?}");
    let fresh = stage.good();
    stage.forwarded("made after", &fresh, &stage.client.token);
    stage.refused("used after", &fresh, "invalid_dpop_proof", "proof_replayed");
}

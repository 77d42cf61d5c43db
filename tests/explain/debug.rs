use keybound_suites::Stage;
use serde_json::json;

#[test]
fn the_code_is_told_to_a_trusted_peer_that_asks() {
    let stage = Stage::start_with(&[("trusted_ips", "127.0.0.1")], json!({ "display_errors": false }));
    let asking = stage.bare("GET", Stage::PATH).field("Keybound-Debug", "1");
    assert_eq!(stage.send(&asking).all("keybound-fault"), ["credential_missing"]);
    let other = stage.client.proof("GET", &stage.url("/other"));
    let refused = stage.send(&stage.request(&other).field("Keybound-Debug", "1"));
    assert_eq!(refused.all("keybound-fault"), ["proof_htu_mismatch"]);
    assert!(!refused.body.contains("proof_htu_mismatch"), "{refused:?}");
    assert_eq!(stage.send(&stage.request(&other)).all("keybound-fault"), Vec::<&str>::new());
    let good = stage.good().field("Keybound-Debug", "1");
    let seen = stage.forwarded("good", &good, &stage.client.token);
    assert_eq!(seen.all("keybound-debug"), Vec::<&str>::new());
}

#[test]
fn nobody_else_is_told() {
    let stage = Stage::start(json!({ "display_errors": false }));
    let answer = stage.send(&stage.bare("GET", Stage::PATH).field("Keybound-Debug", "1"));
    assert_eq!((answer.status, answer.all("keybound-fault")), (401, Vec::new()));
}

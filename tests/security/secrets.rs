use keybound_suites::Stage;
use serde_json::json;

#[test]
fn no_log_shows_a_token_a_proof_or_a_key() {
    let stage = Stage::start_with(&[("log_level", "debug")], json!({}));
    let good = stage.client.proof("GET", &stage.url(Stage::PATH));
    stage.forwarded("good", &stage.request(&good), &stage.client.token);
    stage.refused("replayed", &stage.request(&good), "invalid_dpop_proof", "proof_replayed");
    let jwk = stage.client.key.to_jwk();
    let private = stage.differing(json!({ "jwk": jwk.clone() }), json!({}));
    stage.refused("JH-25", &private, "invalid_dpop_proof", "proof_jwk_private");
    let query = stage.good().without("Authorization").target(&format!(
        "{}?access_token={}",
        Stage::PATH,
        stage.client.token
    ));
    assert_eq!(stage.send(&query).status, 401);

    let log = stage.gateway.log();
    assert!(log.contains("proof_replayed"), "OP-03: the reason is logged\n{log}");
    let signature = |jws: &str| jws.rsplit('.').next().unwrap().to_owned();
    let secrets = [
        ("token", stage.client.token.clone()),
        ("the token's signature", signature(&stage.client.token)),
        ("proof", good.clone()),
        ("the proof's signature", signature(&good)),
        ("private key", jwk["d"].as_str().unwrap().to_owned()),
        ("public key", jwk["x"].as_str().unwrap().to_owned()),
    ];
    for (name, secret) in secrets {
        assert!(!log.contains(&secret), "OP-03: the log shows the {name}");
    }
}

use keybound_suites::{Stage, now};
use serde_json::{Value, json};

#[test]
fn claims_of_proofs_that_are_refused() {
    let stage = Stage::start(json!({}));
    let other = keybound_pop::base64url::encode(&[7; 32]);
    let padded = format!(
        "{}=",
        keybound_pop::base64url::encode(&keybound_pop::thumbprint::token_hash(stage.client.token.as_bytes()))
    );
    let cases: Vec<(&str, Value, &str)> = vec![
        ("CL-01", json!({ "jti": null }), "proof_jti"),
        ("CL-02", json!({ "jti": "" }), "proof_jti"),
        ("jti is a number", json!({ "jti": 1 }), "proof_jti"),
        ("CL-07", json!({ "htm": null }), "proof_htm"),
        ("CL-08", json!({ "htm": "get" }), "proof_htm_mismatch"),
        ("CL-09", json!({ "htm": "POST" }), "proof_htm_mismatch"),
        ("CL-12", json!({ "htu": null }), "proof_htu"),
        ("CL-13", json!({ "htu": ["x"] }), "proof_htu"),
        ("CL-14", json!({ "htu": "nowhere" }), "proof_htu_not_absolute"),
        ("CL-15", json!({ "iat": null }), "proof_iat"),
        ("CL-16", json!({ "iat": now().to_string() }), "proof_iat"),
        ("CL-21", json!({ "iat": 0 }), "proof_iat_too_old"),
        ("CL-22", json!({ "iat": now() * 1000 }), "proof_iat_too_new"),
        ("CL-28 past", json!({ "iat": now() - 320 }), "proof_iat_too_old"),
        ("CL-28 future", json!({ "iat": now() + 310 }), "proof_iat_too_new"),
        ("CL-32", json!({ "exp": now() - 60 }), "proof_expired"),
        ("nbf ahead", json!({ "nbf": now() + 60 }), "proof_not_yet_valid"),
        ("CL-35", json!({ "ath": null }), "proof_ath"),
        ("CL-36", json!({ "ath": other }), "proof_ath_mismatch"),
        ("CL-37", json!({ "ath": padded }), "proof_ath"),
        ("NO-11", json!({ "nonce": 1 }), "proof_nonce_type"),
    ];
    for (name, claims, code) in cases {
        stage.refused(name, &stage.differing(json!({}), claims), "invalid_dpop_proof", code);
    }
}

#[test]
fn claims_of_proofs_that_pass() {
    let stage = Stage::start(json!({}));
    for (name, claims) in [
        ("CL-06", json!({ "jti": "\u{0}\n\u{1f600}\u{202e}" })),
        ("CL-25", json!({ "iat": now() - 10 })),
        ("CL-27", json!({ "iat": now() - 60 })),
        ("NO-14 an unknown nonce that nobody asked for", json!({ "nonce": "x" })),
    ] {
        stage.forwarded(name, &stage.differing(json!({}), claims), &stage.client.token);
    }
}

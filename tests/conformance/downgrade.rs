use keybound_suites::Stage;
use serde_json::{Value, json};

#[test]
fn strict_takes_no_bearer() {
    let stage = Stage::start(json!({}));
    let unbound = stage.provider.token(json!({}));
    for (name, token) in [("DG-01, DG-02", &stage.client.token), ("OK-22", &unbound)] {
        let bearer = stage.good().without("Authorization").field("Authorization", &format!("Bearer {token}"));
        stage.refused(&format!("{name} with a proof"), &bearer, "invalid_token", "binding_dpop_required");
        stage.refused(name, &bearer.without("DPoP"), "invalid_token", "binding_dpop_required");
    }
}

#[test]
fn a_confirmation_that_cannot_be_read_is_never_a_plain_bearer() {
    let stage = Stage::start(json!({}));
    stage.guard("optional", "/optional", json!({ "proof_of_possession_dpop": "optional" }));
    let jkt = stage.client.key.public().thumbprint().to_string();
    let cases: [(&str, Value, &str); 11] = [
        ("DG-10 text", json!("x"), "token_cnf_not_object"),
        ("DG-10 number", json!(1), "token_cnf_not_object"),
        ("DG-10 list", json!([{ "jkt": jkt }]), "token_cnf_not_object"),
        ("DG-10 true", json!(true), "token_cnf_not_object"),
        ("empty", json!({}), "token_cnf_empty"),
        ("DG-12 number", json!({ "jkt": 7 }), "token_cnf_jkt"),
        ("DG-14 padded", json!({ "jkt": format!("{jkt}=") }), "token_cnf_jkt"),
        ("DG-17 SHA-1", json!({ "jkt": "kd-0yUuTRmMWnqGYsdLrJMVeVAM" }), "token_cnf_jkt"),
        ("DG-18 jwk", json!({ "jwk": {} }), "token_cnf_unknown"),
        ("DG-18 kid", json!({ "kid": "x", "jku": "y" }), "token_cnf_unknown"),
        ("x5t of the wrong length", json!({ "x5t#S256": "abc" }), "token_cnf_x5t"),
    ];
    for (name, cnf, code) in cases {
        let token = stage.provider.token(json!({ "cnf": cnf }));
        let dpop = stage.good().without("Authorization").field("Authorization", &format!("DPoP {token}"));
        stage.refused(name, &dpop, "invalid_token", code);
        let before = stage.upstream.requests();
        let bearer = stage.bare("GET", "/optional").field("Authorization", &format!("Bearer {token}"));
        let answer = stage.send(&bearer);
        assert_eq!(answer.status, 401, "{name} as a bearer: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name} as a bearer");
    }
}

#[test]
fn a_binding_elsewhere_in_the_token_is_none() {
    let stage = Stage::start(json!({}));
    let jkt = stage.client.key.public().thumbprint().to_string();
    for (name, claims) in [
        ("DG-19", json!({ "jkt": jkt })),
        ("no cnf", json!({})),
        ("DG-05", json!({ "cnf": { "x5t#S256": jkt } })),
    ] {
        let token = stage.provider.token(claims);
        let request = stage.good().without("Authorization").field("Authorization", &format!("DPoP {token}"));
        let answer = stage.send(&request);
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        assert_eq!(answer.challenges()[0].error.as_deref(), Some("invalid_token"), "{name}: {answer:?}");
    }
    let other = stage.provider.client();
    let stolen =
        stage.good().without("Authorization").field("Authorization", &format!("DPoP {}", other.token));
    // The proof's ath fits its own token only; with a fitting one, the key decides.
    stage.refused("TK-34", &stolen, "invalid_dpop_proof", "proof_ath_mismatch");
    let ath = keybound_pop::base64url::encode(&keybound_pop::thumbprint::token_hash(other.token.as_bytes()));
    let fitting = stage.differing(json!({}), json!({ "ath": ath }));
    let fitting = fitting.without("Authorization").field("Authorization", &format!("DPoP {}", other.token));
    stage.refused("TK-35", &fitting, "invalid_token", "proof_key_mismatch");
}

use keybound_suites::{Stage, now};
use serde_json::json;

#[test]
fn bound_tokens_pass_with_their_key() {
    let stage = Stage::start(json!({}));
    let token = &stage.client.token;
    stage.forwarded("OK-01 ES256", &stage.good(), token);
    for scheme in ["dpop", "DPOP", "dPoP"] {
        let request =
            stage.good().without("Authorization").field("Authorization", &format!("{scheme} {token}"));
        stage.forwarded(&format!("OK-11, OK-12 {scheme}"), &request, token);
    }
    let claims = json!({ "exp": now() + 300, "nbf": now() });
    stage.forwarded("OK-16 exp and nbf that hold", &stage.differing(json!({}), claims), token);
    stage.forwarded(
        "CL-43 claims of other uses",
        &stage.differing(json!({}), json!({ "aud": "x", "iss": 7, "sub": {} })),
        token,
    );
    stage.forwarded(
        "CL-18 fractional iat",
        &stage.differing(json!({}), json!({ "iat": now() as f64 + 0.5 })),
        token,
    );
    stage.forwarded(
        "JH-03, JH-04 typ as media type",
        &stage.differing(json!({ "typ": "application/DPoP+JWT" }), json!({})),
        token,
    );
}

#[test]
fn white_space_and_escapes_in_json_change_nothing() {
    let stage = Stage::start(json!({}));
    let jwk = serde_json::to_string_pretty(&stage.client.key.public().to_jwk()).unwrap();
    let header = format!("{{\n \"typ\" : \"dpop+jwt\",\n \"alg\":\t\"ES256\", \"jwk\": {jwk} }}\n");
    let ath =
        keybound_pop::base64url::encode(&keybound_pop::thumbprint::token_hash(stage.client.token.as_bytes()));
    let claims = format!(
        r#"{{"\u0068tm":"GET","htu":"{}","jti":"ok-17","iat":{},"ath":"{ath}"}}"#,
        stage.url(Stage::PATH),
        now()
    );
    let proof = stage.client.signed(&header, &claims);
    stage.forwarded("OK-17, OK-18", &stage.request(&proof), &stage.client.token);
}

#[test]
fn every_method_is_compared_as_it_is() {
    let stage = Stage::start(json!({}));
    let with = |method: &str, htm: &str| {
        let proof = stage.client.proof(htm, &stage.url(Stage::PATH));
        stage
            .bare(method, Stage::PATH)
            .field("Authorization", &format!("DPoP {}", stage.client.token))
            .field("DPoP", &proof)
    };
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "OPTIONS"] {
        let seen = stage.forwarded(&format!("HT-04 {method}"), &with(method, method), &stage.client.token);
        assert!(seen.line().starts_with(method), "{seen:?}");
    }
    let before = stage.upstream.requests();
    assert_eq!(stage.send(&with("HEAD", "HEAD")).status, 200, "HT-01");
    assert_eq!(stage.upstream.requests(), before + 1, "HT-01");
    let answer = stage.send(&with("HEAD", "GET"));
    assert_eq!((answer.status, answer.body.as_str()), (401, ""), "HT-02, CH-10");
    assert_eq!(answer.challenges()[0].error.as_deref(), Some("invalid_dpop_proof"), "HT-02");
    let overriding = with("GET", "POST").field("X-HTTP-Method-Override", "POST");
    stage.refused("HT-07", &overriding, "invalid_dpop_proof", "proof_htm_mismatch");
}

use std::time::Duration;

use keybound_suites::{Stage, secrets, serve_recording};
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

    // The request that was sent last.
    let log = stage.gateway.log_with("credential_missing");
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

#[test]
fn no_explanation_shows_a_secret() {
    let stage = Stage::start_with(
        &[("log_level", "debug"), ("trusted_ips", "127.0.0.1")],
        json!({ "dpop_use_nonce": true, "protected_resource_metadata": true }),
    );
    let reporting = json!({ "proof_of_possession_report_only": true, "dpop_use_nonce": true });
    stage.guard("reporting", "/reporting", reporting);
    let token = &stage.client.token;
    let nonce = stage.send(&stage.good()).all("dpop-nonce")[0].to_owned();
    let (jti, secret) = ("a-jti-that-is-remembered", "a-secret-of-the-query");
    let mut proofs = Vec::new();
    for path in [Stage::PATH, "/reporting"] {
        for (htu, jti) in [(format!("{path}?code={secret}"), jti), (format!("/other?code={secret}"), "other")]
        {
            let claims = json!({ "nonce": nonce, "jti": format!("{jti}{path}") });
            let proof = stage.client.proof_with("GET", &stage.url(&htu), json!({}), claims);
            let request = stage
                .bare("GET", &format!("{path}?code={secret}"))
                .field("Authorization", &format!("DPoP {token}"))
                .field("Keybound-Debug", "1")
                .field("DPoP", &proof);
            // The second time it is a replay.
            let answers = [stage.send(&request), stage.send(&request)];
            for answer in &answers {
                for (name, value) in answer.fields.iter().filter(|(name, _)| name != "dpop-nonce") {
                    assert!(!value.contains(secret) && !value.contains(&nonce), "{name}: {value}");
                }
            }
            proofs.push(proof);
        }
    }
    let log = stage.gateway.log_with("would have been refused");
    for code in ["proof_replayed", "proof_htu_mismatch", "would have been refused"] {
        assert!(log.contains(code), "the log says {code}\n{log}");
    }
    let jwk = stage.client.key.to_jwk();
    let mut secrets = vec![
        ("token", token.clone()),
        ("nonce", nonce),
        ("jti", jti.to_owned()),
        ("query", secret.to_owned()),
        ("private key", jwk["d"].as_str().unwrap().to_owned()),
        ("public key", jwk["x"].as_str().unwrap().to_owned()),
    ];
    secrets.extend(proofs.into_iter().map(|proof| ("proof", proof)));
    for (name, secret) in secrets {
        assert!(!log.contains(&secret), "the log shows the {name}");
    }
}

#[test]
fn no_record_of_http_log_shows_a_credential() {
    let stage = Stage::start(
        json!({ "auth_methods": ["bearer", "session"], "session_secret": "a-secret-of-http-log" }),
    );
    let (address, records) = serve_recording();
    let plugin = json!({ "name": "http-log", "config": { "http_endpoint": format!("http://{address}/") } });
    assert_eq!(stage.gateway.admin.post("/plugins", &plugin).status, 201);
    let answer = stage.send(&stage.good());
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.all("set-cookie")[0].split(';').next().unwrap().to_owned();
    assert!(cookie.len() > 100, "a session was begun: {answer:?}");
    let token = &stage.client.token;
    let session = stage.good().without("Authorization").field("Cookie", &cookie);
    let query =
        stage.good().without("Authorization").target(&format!("{}?access_token={token}", Stage::PATH));
    let basic =
        stage.bare("GET", Stage::PATH).authorization("Basic c29tZWJvZHk6YS1wYXNzd29yZC1vZi1odHRwLWxvZw==");
    for request in [session, query, basic, stage.good().without("DPoP")] {
        let _ = stage.send(&request);
    }
    let mut seen = 0;
    while seen < 5 {
        let record = records.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(secrets::shown(&record), None, "{record}");
        seen += record.matches("\"started_at\"").count();
    }
}

use keybound_suites::Stage;
use serde_json::{Value, json};

#[test]
fn headers_of_proofs_that_are_refused() {
    let stage = Stage::start(json!({}));
    let jwk = Value::Object(stage.client.key.public().to_jwk());
    let with = |more: Value| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        json!({ "jwk": jwk })
    };
    let cases: Vec<(&str, Value, &str)> = vec![
        ("JH-01", json!({ "typ": null }), "proof_typ"),
        ("typ JWT", json!({ "typ": "JWT" }), "proof_typ"),
        ("JH-06", json!({ "typ": 1 }), "proof_typ"),
        ("JH-07", json!({ "alg": null }), "proof_alg"),
        ("JH-08, signed", json!({ "alg": "none" }), "proof_alg"),
        ("JH-09", json!({ "alg": "nOnE" }), "proof_alg"),
        ("JH-13", json!({ "alg": "ES384" }), "proof_jwk_alg_mismatch"),
        ("JH-19", json!({ "alg": "RS1" }), "proof_alg"),
        ("JH-21", json!({ "alg": ["ES256"] }), "proof_alg"),
        ("HS256", json!({ "alg": "HS256" }), "proof_alg"),
        ("JH-23", json!({ "jwk": null }), "proof_jwk_missing"),
        ("jwk is text", json!({ "jwk": "x" }), "proof_jwk_missing"),
        ("JH-25", with(json!({ "d": "AA" })), "proof_jwk_private"),
        ("JH-29", json!({ "jwk": { "kty": "oct", "k": "AA" } }), "proof_jwk_private"),
        ("JH-30", with(json!({ "kty": "AKP" })), "proof_jwk_type"),
        ("JH-32", with(json!({ "y": null })), "proof_jwk_member"),
        ("JH-33", with(json!({ "x": "AA" })), "proof_jwk_length"),
        ("JH-35", with(json!({ "y": jwk["x"] })), "proof_jwk_point"),
        (
            "JH-40",
            json!({ "jwk": { "kty": "OKP", "crv": "X25519", "x": jwk["x"] }, "alg": "EdDSA" }),
            "proof_jwk_curve",
        ),
        ("JH-48", with(json!({ "key_ops": ["encrypt"] })), "proof_jwk_key_ops"),
        ("use enc", with(json!({ "use": "enc" })), "proof_jwk_use"),
        ("JH-49", with(json!({ "alg": "ES384" })), "proof_jwk_alg"),
        ("JH-54", json!({ "crit": ["foo"], "foo": 1 }), "proof_extension"),
        ("JH-56", json!({ "crit": ["b64"], "b64": false }), "proof_extension"),
        ("JH-60", json!({ "zip": "DEF" }), "proof_extension"),
    ];
    for (name, header, code) in cases {
        stage.refused(name, &stage.differing(header, json!({})), "invalid_dpop_proof", code);
    }
    let ignored =
        json!({ "kid": "x", "x5u": "http://127.0.0.1:9/", "jku": "http://127.0.0.1:9/", "x5c": ["AA"] });
    stage.forwarded("JH-51", &stage.differing(ignored, json!({})), &stage.client.token);
}

#[test]
fn texts_that_are_no_proof() {
    let stage = Stage::start(json!({}));
    let good = || stage.client.proof("GET", &stage.url(Stage::PATH));
    let parts = |text: &str| text.split('.').map(ToOwned::to_owned).collect::<Vec<_>>();
    let claims = |text: &str| {
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": stage.client.key.public().to_jwk() });
        stage.client.signed(&header.to_string(), text)
    };
    let [header, payload, signature]: [String; 3] = parts(&good()).try_into().unwrap();
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let cases: Vec<(&str, String, &str)> = vec![
        ("JS-01", "foo".to_owned(), "proof_malformed"),
        ("JS-03", format!("{}.x", good()), "proof_malformed"),
        ("JS-05", format!("{}.", good()), "proof_malformed"),
        ("JS-06", format!(".{payload}.{signature}"), "proof_malformed"),
        ("JS-07", format!("{header}..{signature}"), "proof_malformed"),
        ("JS-10", format!("{header}.{payload}."), "proof_malformed"),
        ("JS-13", format!("{header}.{payload}.{}", "A".repeat(86)), "proof_signature"),
        ("JS-15", format!("{header}.{payload}.{}", "A".repeat(84)), "proof_signature"),
        ("JS-25", format!("{header}.{payload}.+/{}", &signature[2..]), "proof_malformed"),
        ("padding", format!("{}=", good()), "proof_malformed"),
        ("JS-27", good().replace('.', "%2E"), "proof_malformed"),
        ("JS-28", claims("not json"), "proof_payload"),
        ("JS-29", claims("[]"), "proof_payload"),
        ("JS-30", claims("{} trailing"), "proof_payload"),
        ("JS-33", claims(r#"{"iat":NaN}"#), "proof_payload"),
        ("JS-34", claims(&format!(r#"{{"x":{deep}}}"#)), "proof_payload"),
        ("JS-35", claims(r#"{"htm":"POST","htm":"GET"}"#), "proof_payload"),
        ("JH-64", stage.client.signed("[]", "{}"), "proof_header"),
        ("JH-65", stage.client.signed(&format!(r#"{{"x":{deep}}}"#), "{}"), "proof_header"),
        ("JH-67", stage.client.signed("\u{feff}{}", "{}"), "proof_header"),
        ("JH-63", stage.client.signed(r#"{"jwk":{"x":"a","x":"b"}}"#, "{}"), "proof_header"),
    ];
    for (name, proof, code) in cases {
        stage.refused(name, &stage.request(&proof), "invalid_dpop_proof", code);
    }
}

//! What a refusal says: challenges, messages, details.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, URL, merged};

fn strict(changes: Value) -> Value {
    Value::Object(merged(json!({"proof_of_possession_dpop": "strict"}), changes))
}

#[tokio::test]
async fn every_401_has_exactly_one_dpop_challenge() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    for call in [
        Call::get(URL),
        Call::get(URL).header("authorization", "Bearer x"),
        Call::get(URL).header("authorization", "DPoP x"),
        gate.dpop(&client, &token).without("dpop"),
    ] {
        let refused = gate.refuse(call).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.challenges().len(), 1);
        assert!(refused.challenge("DPoP").unwrap().contains("algs=\""));
    }
}

#[tokio::test]
async fn descriptions_name_the_reason_in_the_allowed_characters() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.forged(gate.now(), &token, json!({"typ": "\"evil\\\u{e4}"}), json!({}));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    assert_eq!(refused.description.as_deref(), Some("typ is not dpop+jwt"));
    assert!(refused.challenge("DPoP").unwrap().contains("error_description=\"typ is not dpop+jwt\""));
}

#[tokio::test]
async fn messages_and_realm_are_configurable() {
    let config = json!({
        "realm": "books", "unauthorized_error_message": "Who are you?", "forbidden_error_message": "Not you.",
        "scopes_required": ["admin"],
    });
    let gate = Gate::with(config).await;
    let refused = gate.refuse(Call::get(URL)).await;
    assert_eq!(refused.message, "Who are you?");
    assert_eq!(refused.challenges(), ["Bearer realm=\"books\""]);
    let refused =
        gate.refuse(Call::get(URL).header("authorization", &format!("Bearer {}", gate.bearer()))).await;
    assert_eq!(refused.message, "Not you.");
}

#[tokio::test]
async fn details_stay_inside_unless_they_are_asked_for() {
    let (gate, client) = (Gate::with(strict(json!({"display_errors": false}))).await, Client::new());
    let refused = gate.refuse(gate.dpop(&client, &gate.bound(&client)).without("dpop")).await;
    assert_eq!((refused.error, refused.description.as_deref()), (None, None));
    assert_eq!(refused.challenge_error("DPoP"), Some("invalid_dpop_proof"));
}

#[tokio::test]
async fn error_codes_can_be_hidden_but_not_the_call_for_a_nonce() {
    let config = strict(json!({"expose_error_code": false, "dpop_use_nonce": true}));
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token).without("dpop")).await;
    assert_eq!(refused.challenge_error("DPoP"), None);
    assert!(!refused.challenge("DPoP").unwrap().contains("error_description"));
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.challenge_error("DPoP"), Some("use_dpop_nonce"));
    assert!(!refused.challenge("DPoP").unwrap().contains("error_description"));
}

#[tokio::test]
async fn nothing_secret_is_noted() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof =
        client.forged(gate.now(), &token, json!({"jwk": client.key.to_jwk()}), json!({"htu": "http://x/"}));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    let said = format!("{:?} {:?} {:?}", refused.notes, refused.headers, refused.description);
    let private = client.key.to_jwk()["d"].as_str().unwrap().to_owned();
    for secret in [token.as_str(), proof.as_str(), private.as_str()] {
        assert!(!said.contains(secret));
    }
}

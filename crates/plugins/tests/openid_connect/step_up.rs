//! RFC 9470: a token whose authentication event is not good enough, and the challenge that says what would be.

use serde_json::{Value, json};

use crate::support::{Answer, Call, Client, Gate, URL};

const DEMANDS: [(&str, &str); 2] = [("acr_values", "\"gold silver\""), ("max_age", "\"300\"")];

async fn demanding(more: Value) -> Gate {
    let mut config = json!({"max_age": 300, "leeway": 10, "acr_values_required": ["gold", "silver"]});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Gate::with(config).await
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn a_recent_authentication_in_a_required_way_passes() {
    let gate = demanding(json!({})).await;
    let claims = json!({"auth_time": gate.now() - 310, "acr": "silver"});
    gate.permit(bearer(&gate.provider.token(gate.now(), claims))).await;
}

#[tokio::test]
async fn any_other_is_challenged_with_everything_that_is_demanded() {
    let gate = demanding(json!({})).await;
    let now = gate.now();
    for (claims, code) in [
        (json!({"acr": "gold"}), "authentication_time_missing"),
        (json!({"auth_time": "now", "acr": "gold"}), "authentication_time_missing"),
        (json!({"auth_time": now - 311, "acr": "gold"}), "authentication_too_old"),
        (json!({"auth_time": now, "acr": "bronze"}), "authentication_context"),
        (json!({"auth_time": now}), "authentication_context"),
    ] {
        let refused = gate.refuse(bearer(&gate.provider.token(now, claims))).await;
        refused.is_bearer(code, "insufficient_user_authentication");
        let challenge = refused.challenge("Bearer").unwrap();
        for (name, value) in DEMANDS {
            assert!(challenge.contains(&format!(", {name}={value}")), "{challenge}");
        }
    }
}

#[tokio::test]
async fn what_an_introspection_says_of_the_authentication_counts() {
    let gate = demanding(json!({})).await;
    for (token, age) in [("fresh", 5), ("stale", 5000)] {
        let answer = json!({
            "active": true, "iss": gate.provider.issuer(), "acr": "gold", "auth_time": gate.now() - age,
        });
        gate.provider.answer(token, Answer::Json(answer));
    }
    gate.permit(bearer("fresh")).await;
    gate.refuse(bearer("stale"))
        .await
        .is_bearer("authentication_too_old", "insufficient_user_authentication");
}

#[tokio::test]
async fn the_challenge_stands_on_the_scheme_that_was_used() {
    let (gate, client) = (demanding(json!({"proof_of_possession_dpop": "optional"})).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    refused.is_dpop("authentication_time_missing", "insufficient_user_authentication");
    assert!(refused.challenge("DPoP").unwrap().contains("max_age=\"300\""));
    // Whose key it is comes before how its owner logged in: a thief is told nothing of it.
    let stolen = gate.refuse(gate.dpop(&Client::new(), &token)).await;
    assert_eq!(stolen.code, "proof_key_mismatch");
    assert!(!stolen.challenges().iter().any(|challenge| challenge.contains("max_age")));
}

#[tokio::test]
async fn a_challenge_that_must_not_name_errors_names_no_demand_either() {
    let gate = demanding(json!({"expose_error_code": false})).await;
    let refused = gate.refuse(bearer(&gate.bearer())).await;
    assert_eq!(refused.challenges(), ["Bearer realm=\"keybound\""]);
}

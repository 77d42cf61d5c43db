//! What is counted and explained: of a request that passed, of one that was refused, and of one that only would have been.

use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, URL};

async fn reporting(more: Value) -> Gate {
    let mut config = json!({"proof_of_possession_dpop": "strict", "proof_of_possession_report_only": true});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Gate::with(config).await
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn every_request_is_counted_once_by_what_became_of_it() {
    let (gate, client) = (reporting(json!({})).await, Client::new());
    let token = gate.bound_with(&client, json!({"client_id": "app"}));
    gate.permit(gate.dpop(&client, &token)).await;
    gate.permit(gate.dpop(&Client::new(), &token)).await;
    let by_azp = gate.provider.token(gate.now(), json!({"azp": "web", "client_id": 7}));
    gate.permit(bearer(&by_azp)).await;
    gate.refuse(Call::get(URL)).await;
    let expired = gate.provider.token(gate.now() - 1000, json!({"client_id": "app"}));
    gate.refuse(bearer(&expired)).await;
    assert_eq!(
        gate.counted(),
        [
            r#"keybound_binding_passed_total{service="",route="route-1",binding="dpop",client="app"} 1"#,
            r#"keybound_binding_refused_total{service="",route="route-1",code="credential_missing",client=""} 1"#,
            // The claims of a token that is not good are nobody's.
            r#"keybound_binding_refused_total{service="",route="route-1",code="token_expired",client=""} 1"#,
            r#"keybound_binding_reported_total{service="",route="route-1",code="binding_dpop_required",client="web"} 1"#,
            r#"keybound_binding_reported_total{service="",route="route-1",code="proof_key_mismatch",client="app"} 1"#,
        ]
    );
}

#[tokio::test]
async fn a_token_that_nothing_is_proven_of_is_counted_as_such() {
    let config = json!({"proof_of_possession_dpop": "optional"});
    let (gate, client) = (Gate::with(config).await, Client::new());
    let passed = gate.permit(bearer(&gate.bearer()).header("dpop", &client.proof(gate.now(), "x"))).await;
    assert_eq!((passed.notes.binding, passed.field("dpop")), (None, None));
    assert_eq!(
        gate.counted(),
        [
            r#"keybound_binding_passed_total{service="",route="route-1",binding="none",client=""} 1"#,
            r#"keybound_binding_noticed_total{service="",route="route-1",code="proof_dropped",client=""} 1"#,
        ]
    );
    let passed = gate.permit(gate.dpop(&client, &gate.bound(&client))).await;
    assert_eq!(passed.notes.binding, Some("dpop"));
}

#[tokio::test]
async fn what_goes_upstream_under_report_only_is_a_bearer_token_without_a_proof() {
    let (gate, client) = (reporting(json!({})).await, Client::new());
    let token = gate.bound(&client);
    for call in [
        gate.dpop(&Client::new(), &token),
        gate.dpop(&client, &token).only("dpop", "not-a-proof"),
        gate.dpop(&client, &token).header("dpop", "second"),
        gate.dpop(&client, &token).header("d_pop", "disguised"),
        gate.dpop(&client, &token).without("dpop"),
        bearer(&token).header("dpop", "stray"),
        Call::get(&format!("{URL}?access_token={token}")),
    ] {
        let passed = gate.permit(call).await;
        assert!(passed.notes.fault.is_some() || passed.notes.binding.is_some());
        assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
        assert_eq!((passed.field("dpop"), passed.field("d_pop")), (None, None));
        assert_eq!(passed.head.query, None);
    }
}

#[tokio::test]
async fn only_faults_of_possession_are_let_through() {
    let (gate, client) =
        (reporting(json!({"scopes_required": ["write"], "max_age": 60})).await, Client::new());
    let good = json!({"scope": "write", "auth_time": gate.now()});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        gate.bound_with(&client, claims)
    };
    let stranger = |token: &str| gate.dpop(&Client::new(), token);
    assert_eq!(gate.permit(stranger(&with("x", json!(1)))).await.notes.fault, Some("proof_key_mismatch"));
    for (token, code) in [
        (with("exp", json!(gate.now() - 100)), "token_expired"),
        (with("iss", json!("https://other.example")), "token_issuer"),
        (with("cnf", json!({"jkt": "short"})), "token_cnf_jkt"),
        (with("scope", json!("read")), "authorization_scope"),
        (with("auth_time", json!(0)), "authentication_too_old"),
    ] {
        let refused = gate.refuse(stranger(&token)).await;
        assert_eq!(refused.code, code);
    }
    // Two credentials are broken HTTP, whoever has the key.
    let twice = gate.dpop(&client, &with("x", json!(2))).header("authorization", "Bearer x");
    assert_eq!(gate.refuse(twice).await.code, "credential_repeated");
}

#[tokio::test]
async fn a_scheme_that_is_off_is_not_a_fault_of_possession() {
    let off = json!({"proof_of_possession_dpop": "off", "proof_of_possession_report_only": true});
    let (gate, client) = (Gate::with(off).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.code, "binding_scheme_not_offered");
    assert_eq!(refused.challenges(), ["Bearer realm=\"keybound\""]);
    assert_eq!(gate.permit(bearer(&token)).await.notes.fault, Some("binding_dpop_unchecked"));
}

#[tokio::test]
async fn a_memory_of_proofs_that_is_full_refuses_nobody_under_report_only() {
    let (gate, client) = (reporting(json!({"dpop_replay_max_entries": 1})).await, Client::new());
    let token = gate.bound(&client);
    assert_eq!(gate.permit(gate.dpop(&client, &token)).await.notes.fault, None);
    assert_eq!(gate.permit(gate.dpop(&client, &token)).await.notes.fault, Some("replay_store_full"));
}

#[tokio::test]
async fn a_strict_resource_that_only_reports_offers_bearer_too() {
    let gate = reporting(json!({})).await;
    let refused = gate.refuse(Call::get(URL)).await;
    assert_eq!(refused.challenges().len(), 2);
    let expired = gate.provider.token(gate.now() - 1000, json!({}));
    gate.refuse(bearer(&expired)).await.is_bearer("token_expired", "invalid_token");
}

#[tokio::test]
async fn a_refusal_explains_itself_without_a_secret() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound_with(&client, json!({"client_id": "c".repeat(1000)}));
    let now = gate.now();
    let proof = client.proof_with(now, &token, |claims| {
        claims.url = "https://edge.example/other?access_token=secret".to_owned();
        claims.iat = now - 5;
    });
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    assert_eq!(refused.code, "proof_htu_mismatch");
    let notes = refused.notes;
    let explained = notes.explanation.unwrap();
    assert_eq!(explained.expected_htu.as_deref(), Some(URL));
    assert_eq!(explained.received_htu.as_deref(), Some("https://edge.example/other"));
    assert_eq!(explained.clock_difference, Some(-5));
    assert_eq!(explained.thumbprint.map(|jkt| jkt.to_string()), Some(client.jkt()));
    assert_eq!(notes.client.unwrap().len(), 256 + "...".len());
}

//! Replay protection: what a second use means, what burns nothing, and its bounds.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, merged};

fn strict(changes: Value) -> Value {
    Value::Object(merged(json!({"proof_of_possession_dpop": "strict"}), changes))
}

fn named(gate: &Gate, client: &Client, token: &str, jti: &str) -> Call {
    let proof = client.proof_with(gate.now(), token, |claims| claims.jti = jti.to_owned());
    gate.dpop(client, token).only("dpop", &proof)
}

#[tokio::test]
async fn a_proof_passes_once() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
}

#[tokio::test]
async fn a_jti_passes_once_even_in_a_new_proof() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    gate.permit(named(&gate, &client, &token, "one")).await;
    gate.clock.advance(5);
    gate.refuse(named(&gate, &client, &token, "one")).await.is_dpop("proof_replayed", "invalid_dpop_proof");
}

#[tokio::test]
async fn an_equal_jti_of_another_key_does_not_collide() {
    let (gate, one, two) = (Gate::strict().await, Client::new(), Client::new());
    gate.permit(named(&gate, &one, &gate.bound(&one), "same")).await;
    gate.permit(named(&gate, &two, &gate.bound(&two), "same")).await;
}

#[tokio::test]
async fn a_proof_that_failed_burns_nothing() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let wrong_hash = client.proof_with(gate.now(), &token, |claims| {
        claims.jti = "retry".to_owned();
        claims.ath = Some([0; 32]);
    });
    gate.refuse(gate.dpop(&client, &token).only("dpop", &wrong_hash)).await;
    let good = named(&gate, &client, &token, "retry");
    let proof = client.proof_with(gate.now(), &token, |claims| claims.jti = "retry".to_owned());
    let forged = format!("{}AAAA", &proof[..proof.len() - 4]);
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &forged)).await;
    assert_eq!(refused.challenge_error("DPoP"), Some("invalid_dpop_proof"));
    gate.permit(good).await;
}

#[tokio::test]
async fn a_proof_is_consumed_even_when_the_scope_is_missing() {
    let (gate, client) = (Gate::with(strict(json!({"scopes_required": ["admin"]}))).await, Client::new());
    let token = gate.bound_with(&client, json!({"scope": "read"}));
    let proof = client.proof(gate.now(), &token);
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
}

#[tokio::test]
async fn a_record_lives_as_long_as_its_proof_could_be_valid() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound_with(&client, json!({"exp": gate.now() + 3600}));
    let early = client.proof(gate.now() + 10, &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &early)).await;
    gate.clock.advance(320);
    gate.refuse(gate.dpop(&client, &token).only("dpop", &early))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
    gate.clock.advance(1);
    gate.refuse(gate.dpop(&client, &token).only("dpop", &early))
        .await
        .is_dpop("proof_iat_too_old", "invalid_dpop_proof");
}

#[tokio::test]
async fn a_full_memory_is_our_fault_and_lets_nothing_through() {
    let (gate, client) = (Gate::with(strict(json!({"dpop_replay_max_entries": 1}))).await, Client::new());
    let token = gate.bound(&client);
    let mut refused = None;
    for _ in 0..10_000 {
        let outcome = gate.send(gate.dpop(&client, &token)).await;
        if !outcome.is_passed() {
            refused = Some(outcome.refused());
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.code), (StatusCode::SERVICE_UNAVAILABLE, "replay_store_full"));
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    assert_eq!(refused.all("retry-after").len(), 1);
}

#[tokio::test]
async fn one_key_over_its_quota_does_not_stop_another() {
    let (gate, greedy, other) = (
        Gate::with(strict(json!({"dpop_replay_max_entries_per_key": 2}))).await,
        Client::new(),
        Client::new(),
    );
    let token = gate.bound(&greedy);
    gate.permit(gate.dpop(&greedy, &token)).await;
    gate.permit(gate.dpop(&greedy, &token)).await;
    let refused = gate.refuse(gate.dpop(&greedy, &token)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::TOO_MANY_REQUESTS, "replay_key_quota"));
    assert_eq!(refused.all("retry-after").len(), 1);
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    gate.permit(gate.dpop(&other, &gate.bound(&other))).await;
}

#[tokio::test]
async fn report_notices_and_off_remembers_nothing() {
    let client = Client::new();
    for (mode, noticed) in [("report", vec!["proof_replayed"]), ("off", vec![])] {
        let gate = Gate::with(strict(json!({"dpop_replay_protection": mode}))).await;
        let token = gate.bound(&client);
        gate.permit(named(&gate, &client, &token, "twice")).await;
        let passed = gate.permit(named(&gate, &client, &token, "twice")).await;
        assert_eq!(passed.notes.noticed, noticed);
    }
}

#[tokio::test]
async fn a_replay_under_report_only_is_reported() {
    let (gate, client) =
        (Gate::with(strict(json!({"proof_of_possession_report_only": true}))).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(named(&gate, &client, &token, "twice")).await;
    let passed = gate.permit(named(&gate, &client, &token, "twice")).await;
    assert_eq!(passed.notes.fault, Some("proof_replayed"));
}

#[tokio::test]
async fn of_many_at_once_exactly_one_passes() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    let calls = (0..50).map(|_| gate.send(gate.dpop(&client, &token).only("dpop", &proof)));
    let outcomes = futures_util::future::join_all(calls).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_passed()).count(), 1);
}

#[tokio::test]
async fn what_was_used_while_nothing_was_remembered_does_not_pass_again() {
    let (mut gate, client) =
        (Gate::with(strict(json!({"dpop_replay_protection": "off"}))).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(named(&gate, &client, &token, "once")).await;
    let used = named(&gate, &client, &token, "once");
    gate.clock.advance(2);
    gate.reconfigure(strict(json!({})));
    gate.refuse(used).await.is_dpop("proof_cold_start", "use_dpop_nonce");
    gate.permit(gate.dpop(&client, &token)).await;
}

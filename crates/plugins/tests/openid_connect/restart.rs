//! What survives a new configuration, and what a new process does not know.

use std::time::Duration;

use keybound_pop::time::UnixTime;
use serde_json::{Value, json};

use crate::support::{Client, Gate, NOW, merged};

fn strict(changes: Value) -> Value {
    Value::Object(merged(json!({"proof_of_possession_dpop": "strict"}), changes))
}

#[tokio::test]
async fn replay_records_and_tokens_survive_a_new_configuration() {
    let (mut gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    gate.reconfigure(strict(json!({"realm": "other"})));
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
    gate.provider.set_down(true);
    gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(gate.provider.calls("/jwks"), 1);
}

#[tokio::test]
async fn a_token_is_judged_again_when_the_rules_for_tokens_change() {
    let (mut gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    gate.reconfigure(strict(json!({"audience_required": ["api"]})));
    gate.refuse(gate.dpop(&client, &token)).await.is_dpop("token_audience", "invalid_token");
}

#[tokio::test]
async fn an_unchanged_configuration_is_not_built_again() {
    let mut gate = Gate::strict().await;
    let before = gate.chain.clone();
    gate.reconfigure(strict(json!({})));
    assert!(std::ptr::addr_eq(
        std::sync::Arc::as_ptr(&before.plugins()[0]),
        std::sync::Arc::as_ptr(&gate.chain.plugins()[0])
    ));
}

#[tokio::test]
async fn a_proof_older_than_the_process_needs_a_nonce() {
    let started = UnixTime::from_duration(Duration::new(NOW.unsigned_abs(), 300_000_000));
    let (gate, client) = (Gate::started(strict(json!({})), Some(started)).await, Client::new());
    gate.clock.advance(2);
    let token = gate.bound(&client);
    let old = client.proof(NOW, &token);
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &old)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    assert_eq!(refused.all("cache-control"), ["no-store"]);
    let nonce = refused.all("dpop-nonce")[0].to_owned();
    let proof = client.proof_with(NOW, &token, |claims| claims.nonce = Some(nonce));
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    let new = client.proof(NOW + 1, &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &new)).await;
}

#[tokio::test]
async fn with_shared_secrets_a_nonce_from_before_the_start_proves_nothing() {
    let started = UnixTime::from_secs(NOW);
    let config = strict(json!({"dpop_nonce_secrets": ["shared"], "dpop_use_nonce": true}));
    let (before, client) = (Gate::with(config.clone()).await, Client::new());
    before.clock.advance(-1);
    let challenge = before.refuse(before.dpop(&client, &before.bound(&client))).await;
    let nonce = challenge.all("dpop-nonce")[0].to_owned();
    let after = Gate::started(config, Some(started)).await;
    let token = after.bound(&client);
    let proof = client.proof_with(NOW, &token, |claims| claims.nonce = Some(nonce));
    let refused = after.refuse(after.dpop(&client, &token).only("dpop", &proof)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    let fresh = refused.all("dpop-nonce")[0].to_owned();
    let proof = client.proof_with(NOW, &token, |claims| claims.nonce = Some(fresh));
    after.permit(after.dpop(&client, &token).only("dpop", &proof)).await;
}

#[tokio::test]
async fn an_instance_made_while_the_gateway_runs_is_not_cold() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let old = client.proof(gate.now() - 60, &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &old)).await;
}

#[tokio::test]
async fn other_bounds_mean_a_new_memory_that_counts_as_after_a_start() {
    let (mut gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    gate.clock.advance(1);
    gate.reconfigure(strict(json!({"dpop_replay_max_entries": 1000})));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    gate.permit(gate.dpop(&client, &token)).await;
}

#[tokio::test]
async fn a_longer_lifetime_revives_no_proof_whose_record_has_ended() {
    let (mut gate, client) = (Gate::with(strict(json!({"dpop_proof_lifetime": 60}))).await, Client::new());
    let token = gate.bound_with(&client, json!({"exp": gate.now() + 3600}));
    let old = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &old)).await;
    gate.clock.advance(71);
    let younger = client.proof(gate.now() - 70, &token);
    gate.reconfigure(strict(json!({"dpop_proof_lifetime": 300})));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &old)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    gate.permit(gate.dpop(&client, &token).only("dpop", &younger)).await;
}

#[tokio::test]
async fn without_enforcement_nothing_is_cold() {
    let started = UnixTime::from_secs(NOW);
    let config = strict(json!({"dpop_replay_protection": "off"}));
    let (gate, client) = (Gate::started(config, Some(started)).await, Client::new());
    let token = gate.bound(&client);
    let old = client.proof(NOW - 60, &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &old)).await;
}

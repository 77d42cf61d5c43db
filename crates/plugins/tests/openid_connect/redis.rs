//! Used proofs in a Redis: nodes share them, and what a Redis that is away, slow or empty means. The Redis is a real one.

use http::StatusCode;
use keybound_pop::time::UnixTime;
use keybound_suites::RedisServer;
use serde_json::{Value, json};

use crate::support::{Client, Gate, NOW, merged};

fn with(redis: &RedisServer, changes: Value) -> Value {
    let base = json!({
        "proof_of_possession_dpop": "strict",
        "dpop_replay_strategy": "redis",
        "redis": {
            "host": "127.0.0.1", "port": redis.port,
            "connect_timeout": 5000, "send_timeout": 5000, "read_timeout": 5000,
        },
    });
    Value::Object(merged(base, changes))
}

#[tokio::test]
async fn a_proof_passes_once_on_all_nodes_together() {
    let redis = RedisServer::start();
    let (one, two) = (Gate::with(with(&redis, json!({}))).await, Gate::with(with(&redis, json!({}))).await);
    let client = Client::new();
    // Each node has a provider of its own here: the proof is for a token, so the token is the same for both.
    let token = one.bound(&client);
    let proof = client.proof_with(one.now(), &token, |claims| claims.jti = "once".to_owned());
    one.permit(one.dpop(&client, &token).only("dpop", &proof)).await;
    let token = two.bound(&client);
    let proof = client.proof_with(two.now(), &token, |claims| claims.jti = "once".to_owned());
    two.refuse(two.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
}

#[tokio::test]
async fn while_the_redis_is_away_requests_are_refused_without_challenge() {
    let redis = RedisServer::start();
    let (gate, client) = (Gate::with(with(&redis, json!({}))).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    redis.kill();
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.code, "replay_store_unreachable");
    assert_eq!(refused.all("retry-after"), ["5"]);
    assert!(refused.all("www-authenticate").is_empty());
}

#[tokio::test]
async fn told_to_fail_open_requests_pass_meanwhile_and_are_counted() {
    let redis = RedisServer::start();
    let config = with(&redis, json!({"dpop_replay_fail_mode": "open"}));
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    redis.kill();
    let passed = gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(passed.notes.noticed, ["replay_not_recorded"]);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_in_time_follows_the_fail_mode() {
    let redis = RedisServer::start();
    let hasty = json!({"redis": {
        "host": "127.0.0.1", "port": redis.port, "send_timeout": 50, "read_timeout": 50,
    }});
    let (gate, client) = (Gate::with(with(&redis, hasty)).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    redis.freeze(true);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.code, "replay_store_unreachable");
    redis.freeze(false);
}

#[tokio::test]
async fn after_a_flush_proofs_from_before_need_a_nonce() {
    let redis = RedisServer::start();
    let (gate, client) = (Gate::with(with(&redis, json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let used = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &used)).await;
    redis.command(&["flushall"]);
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &used)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    gate.clock.advance(2);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    let nonce = refused.all("dpop-nonce")[0].to_owned();
    let proof = client.proof_with(gate.now(), &token, |claims| claims.nonce = Some(nonce));
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_replayed", "invalid_dpop_proof");
    gate.clock.advance(20);
    gate.permit(gate.dpop(&client, &token)).await;
}

#[tokio::test]
async fn a_node_that_starts_is_not_cold_where_the_redis_knows() {
    let redis = RedisServer::start();
    let (first, client) = (Gate::with(with(&redis, json!({}))).await, Client::new());
    first.permit(first.dpop(&client, &first.bound(&client))).await;
    let started = UnixTime::from_secs(NOW);
    let second = Gate::started(with(&redis, json!({})), Some(started)).await;
    let token = second.bound(&client);
    let old = client.proof(NOW - 60, &token);
    second.permit(second.dpop(&client, &token).only("dpop", &old)).await;
}

#[tokio::test]
async fn a_change_from_memory_to_redis_counts_as_a_start() {
    let redis = RedisServer::start();
    let (mut gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let used = client.proof(gate.now(), &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &used)).await;
    gate.clock.advance(1);
    gate.reconfigure(with(&redis, json!({})));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &used)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
    gate.clock.advance(1);
    gate.permit(gate.dpop(&client, &token)).await;
}

#[tokio::test]
async fn the_quota_of_a_key_is_that_of_all_nodes() {
    let redis = RedisServer::start();
    let config = with(&redis, json!({"dpop_replay_max_entries_per_key": 2}));
    let (one, two) = (Gate::with(config.clone()).await, Gate::with(config).await);
    let client = Client::new();
    for gate in [&one, &two] {
        gate.permit(gate.dpop(&client, &gate.bound(&client))).await;
    }
    let refused = two.refuse(two.dpop(&client, &two.bound(&client))).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code, "replay_key_quota");
    let other = Client::new();
    two.permit(two.dpop(&other, &two.bound(&other))).await;
}

#[tokio::test]
async fn a_nonce_of_one_node_opens_on_another_and_is_renewed_there() {
    let config = json!({"proof_of_possession_dpop": "strict", "dpop_use_nonce": true});
    let (one, two) = (Gate::sharing(config.clone(), None).await, Gate::sharing(config, None).await);
    let client = Client::new();
    let challenge = one.refuse(one.dpop(&client, &one.bound(&client))).await;
    let nonce = challenge.all("dpop-nonce")[0].to_owned();
    let token = two.bound(&client);
    let proof = |nonce: &str| {
        let nonce = nonce.to_owned();
        client.proof_with(two.now(), &token, |claims| claims.nonce = Some(nonce))
    };
    let call = |proof: &str| two.dpop(&client, &token).only("dpop", proof);
    two.permit(call(&proof(&nonce))).await;
    two.clock.advance(200);
    let token = two.bound(&client);
    let late = client.proof_with(two.now(), &token, |claims| claims.nonce = Some(nonce.clone()));
    let passed = two.permit(two.dpop(&client, &token).only("dpop", &late)).await;
    let renewed = passed.response("dpop-nonce").unwrap();
    assert_ne!(renewed, nonce);
}

#[tokio::test]
async fn a_shared_nonce_from_before_the_start_proves_nothing_to_a_memory() {
    let config = json!({"proof_of_possession_dpop": "strict", "dpop_use_nonce": true});
    let (before, client) = (Gate::sharing(config.clone(), None).await, Client::new());
    before.clock.advance(-1);
    let challenge = before.refuse(before.dpop(&client, &before.bound(&client))).await;
    let nonce = challenge.all("dpop-nonce")[0].to_owned();
    let after = Gate::sharing(config, Some(UnixTime::from_secs(NOW))).await;
    let token = after.bound(&client);
    let proof = client.proof_with(NOW, &token, |claims| claims.nonce = Some(nonce));
    let refused = after.refuse(after.dpop(&client, &token).only("dpop", &proof)).await;
    refused.is_dpop("proof_cold_start", "use_dpop_nonce");
}

//! Nonces: the challenge, what is accepted, what they are bound to, and renewal.

use keybound_plugins::contract::{Chain, Notes, ResponseHead, Scope};
use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, Refused, scope};

fn required(changes: Value) -> Value {
    let base = json!({"proof_of_possession_dpop": "strict", "dpop_use_nonce": true});
    Value::Object(crate::support::merged(base, changes))
}

fn with_nonce(gate: &Gate, client: &Client, token: &str, nonce: &str) -> Call {
    let proof = client.proof_with(gate.now(), token, |claims| claims.nonce = Some(nonce.to_owned()));
    gate.dpop(client, token).only("dpop", &proof)
}

/// Asserts a nonce challenge, and takes its nonce.
#[track_caller]
fn nonce_of(refused: &Refused, code: &str) -> String {
    refused.is_dpop(code, "use_dpop_nonce");
    assert_eq!(refused.all("cache-control"), ["no-store"]);
    let nonces = refused.all("dpop-nonce");
    assert_eq!(nonces.len(), 1);
    assert!(nonces[0].len() < 200);
    nonces[0].to_owned()
}

#[tokio::test]
async fn a_required_nonce_is_asked_for_and_then_accepted() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    let passed = gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    assert_eq!(passed.response("dpop-nonce"), None);
}

#[tokio::test]
async fn no_proof_at_all_is_a_missing_proof() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let refused = gate.refuse(gate.dpop(&client, &gate.bound(&client)).without("dpop")).await;
    refused.is_dpop("proof_missing", "invalid_dpop_proof");
}

#[tokio::test]
async fn a_foreign_nonce_is_answered_with_one_of_ours() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(with_nonce(&gate, &client, &token, "eyJ7S_zG.eyJH0-Z")).await;
    nonce_of(&refused, "proof_nonce_invalid");
}

#[tokio::test]
async fn a_challenge_burns_no_jti() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let same = |nonce: Option<String>| {
        let proof = client.proof_with(gate.now(), &token, |claims| {
            claims.jti = "always the same".to_owned();
            claims.nonce = nonce;
        });
        gate.dpop(&client, &token).only("dpop", &proof)
    };
    let nonce = nonce_of(&gate.refuse(same(None)).await, "proof_nonce_missing");
    gate.permit(same(Some(nonce.clone()))).await;
    gate.refuse(same(Some(nonce))).await.is_dpop("proof_replayed", "invalid_dpop_proof");
}

#[tokio::test]
async fn a_valid_nonce_makes_up_for_a_wrong_clock() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    for shift in [-3600, 3600] {
        let proof =
            client.proof_with(gate.now() + shift, &token, |claims| claims.nonce = Some(nonce.clone()));
        gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    }
}

#[tokio::test]
async fn a_nonce_ends_with_the_lifetime_of_proofs() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound_with(&client, json!({"exp": gate.now() + 3600}));
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    gate.clock.advance(300);
    gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    gate.clock.advance(1);
    nonce_of(&gate.refuse(with_nonce(&gate, &client, &token, &nonce)).await, "proof_nonce_invalid");
}

#[tokio::test]
async fn a_nonce_past_its_rotation_is_renewed_on_the_success() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound_with(&client, json!({"exp": gate.now() + 3600}));
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    gate.clock.advance(150);
    let passed = gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    assert_eq!(passed.response("dpop-nonce"), None);
    assert_eq!(passed.response("cache-control"), None);
    gate.clock.advance(1);
    let passed = gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    assert_eq!(passed.response("cache-control"), Some("no-store"));
    let renewed = passed.response("dpop-nonce").unwrap().to_owned();
    assert_ne!(renewed, nonce);
    gate.clock.advance(300);
    gate.permit(with_nonce(&gate, &client, &token, &renewed)).await;
}

#[tokio::test]
async fn an_upstreams_own_nonce_does_not_reach_the_client() {
    for (mode, kept) in [("strict", false), ("optional", false), ("off", true)] {
        let gate = Gate::with(
            json!({"proof_of_possession_dpop": mode, "proof_of_possession_bound_tokens": "accept"}),
        )
        .await;
        let mut headers = http::HeaderMap::new();
        headers.insert("dpop-nonce", "theirs".parse().unwrap());
        let mut notes = Notes::default();
        let status = http::StatusCode::OK;
        gate.chain.respond(&mut ResponseHead {
            status,
            headers: &mut headers,
            from_upstream: true,
            notes: &mut notes,
        });
        assert_eq!(headers.contains_key("dpop-nonce"), kept, "{mode}");
    }
}

#[tokio::test]
async fn a_nonce_that_nobody_asked_for_counts_when_it_is_ours() {
    let (mut gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    gate.reconfigure(json!({"proof_of_possession_dpop": "strict"}));
    let proof = client.proof_with(gate.now() - 3600, &token, |claims| claims.nonce = Some(nonce));
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
}

#[tokio::test]
async fn secrets_rotate_without_refusing_anyone() {
    let (mut gate, client) =
        (Gate::with(required(json!({"dpop_nonce_secrets": ["old"]}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    gate.reconfigure(required(json!({"dpop_nonce_secrets": ["new", "old"]})));
    gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    gate.reconfigure(required(json!({"dpop_nonce_secrets": ["new"]})));
    nonce_of(&gate.refuse(with_nonce(&gate, &client, &token, &nonce)).await, "proof_nonce_invalid");
}

#[tokio::test]
async fn a_configured_secret_replaces_the_one_made_at_the_start_without_refusing_anyone() {
    let (mut gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    gate.reconfigure(required(json!({"dpop_nonce_secrets": ["new"]})));
    gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
}

#[tokio::test]
async fn nodes_with_one_secret_take_each_others_nonces() {
    let config = required(json!({"dpop_nonce_secrets": ["shared"]}));
    let (one, two, client) = (Gate::with(config.clone()).await, Gate::with(config).await, Client::new());
    let nonce = nonce_of(&one.refuse(one.dpop(&client, &one.bound(&client))).await, "proof_nonce_missing");
    two.clock.advance(-9);
    let token = two.bound(&client);
    two.permit(with_nonce(&two, &client, &token, &nonce)).await;
}

#[tokio::test]
async fn a_nonce_can_be_bound_to_the_key() {
    let (gate, client, other) =
        (Gate::with(required(json!({"dpop_nonce_binding": ["key"]}))).await, Client::new(), Client::new());
    let (token, others) = (gate.bound(&client), gate.bound(&other));
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    nonce_of(&gate.refuse(with_nonce(&gate, &other, &others, &nonce)).await, "proof_nonce_invalid");
    gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
}

#[tokio::test]
async fn a_nonce_can_be_bound_to_the_route() {
    let (mut gate, client) =
        (Gate::with(required(json!({"dpop_nonce_binding": ["route"]}))).await, Client::new());
    let token = gate.bound(&client);
    let nonce = nonce_of(&gate.refuse(gate.dpop(&client, &token)).await, "proof_nonce_missing");
    let first = gate.chain.clone();
    let route = Scope { route: Some(("route-2".into(), None)), ..scope() };
    gate.chain = Chain::new(first.plugins(), route);
    nonce_of(&gate.refuse(with_nonce(&gate, &client, &token, &nonce)).await, "proof_nonce_invalid");
    gate.chain = first;
    gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
}

#[tokio::test]
async fn a_missing_nonce_is_said_before_a_signature_is_paid_for() {
    let (gate, client) = (Gate::with(required(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let forged = format!("{}AAAA", client.proof(gate.now(), &token));
    nonce_of(&gate.refuse(gate.dpop(&client, &token).only("dpop", &forged)).await, "proof_nonce_missing");
}

#[tokio::test]
async fn report_only_hands_the_nonce_out_with_the_success() {
    let (gate, client) =
        (Gate::with(required(json!({"proof_of_possession_report_only": true}))).await, Client::new());
    let token = gate.bound(&client);
    let passed = gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(passed.notes.fault, Some("proof_nonce_missing"));
    let nonce = passed.response("dpop-nonce").unwrap().to_owned();
    let passed = gate.permit(with_nonce(&gate, &client, &token, &nonce)).await;
    assert_eq!(passed.notes.fault, None);
}

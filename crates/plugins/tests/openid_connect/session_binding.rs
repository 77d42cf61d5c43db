//! A session never stands for more than its token: what that is bound to is demanded on every request.

use http::StatusCode;
use keybound_plugins::contract::Chain;
use serde_json::{Value, json};

use crate::session::{begun, sessions};
use crate::support::{Answer, Call, Client, Cookies, Gate, URL, merged};

fn strict(changes: Value) -> Value {
    sessions(Value::Object(merged(json!({"proof_of_possession_dpop": "strict"}), changes)))
}

async fn begun_by(gate: &Gate, client: &Client, token: &str) -> Cookies {
    gate.permit(gate.dpop(client, token)).await.cookies()
}

/// The same request at another instance.
async fn at(chain: &Chain, call: Call) -> crate::support::Outcome {
    call.through(chain).await
}

#[tokio::test]
async fn a_session_of_a_bound_token_needs_a_proof_for_that_token_with_its_key() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let cookies = begun_by(&gate, &client, &token).await;
    let call = || Call::get(URL).cookies(&cookies);
    let proof = client.proof(gate.now(), &token);
    let passed = gate.permit(call().header("dpop", &proof)).await;
    assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(passed.field("dpop"), None);
    assert_eq!(passed.field("cookie"), None);

    gate.refuse(call()).await.is_dpop("proof_missing", "invalid_dpop_proof");
    gate.refuse(call().header("dpop", &proof)).await.is_dpop("proof_replayed", "invalid_dpop_proof");
    let stranger = Client::new();
    gate.refuse(call().header("dpop", &stranger.proof(gate.now(), &token)))
        .await
        .is_dpop("proof_key_mismatch", "invalid_token");
    gate.refuse(call().header("dpop", &client.proof(gate.now(), "another token")))
        .await
        .is_dpop("proof_ath_mismatch", "invalid_dpop_proof");
    let without_hash = client.proof_with(gate.now(), &token, |claims| claims.ath = None);
    gate.refuse(call().header("dpop", &without_hash)).await.is_dpop("proof_ath", "invalid_dpop_proof");
    let two = call().header("dpop", &client.proof(gate.now(), &token)).header("dpop", &proof);
    let refused = gate.refuse(two).await;
    assert_eq!(refused.challenge_error("DPoP"), Some("invalid_dpop_proof"));
}

#[tokio::test]
async fn a_fault_of_possession_ends_no_session() {
    let (gate, client) = (Gate::with(strict(json!({"dpop_use_nonce": true}))).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    let nonce = refused.all("dpop-nonce")[0].to_owned();
    let proof =
        |nonce: &str| client.proof_with(gate.now(), &token, |claims| claims.nonce = Some(nonce.to_owned()));
    let cookies = gate.permit(gate.dpop(&client, &token).only("dpop", &proof(&nonce))).await.cookies();
    let call = || Call::get(URL).cookies(&cookies);

    let challenged = gate.refuse(call().header("dpop", &client.proof(gate.now(), &token))).await;
    challenged.is_dpop("proof_nonce_missing", "use_dpop_nonce");
    assert_eq!(challenged.all("dpop-nonce").len(), 1);
    assert_eq!(challenged.set_cookies(), Vec::<String>::new());
    let stolen = gate.refuse(call()).await;
    assert_eq!(stolen.set_cookies(), Vec::<String>::new());
    gate.permit(call().header("dpop", &proof(&nonce))).await;
}

#[tokio::test]
async fn the_session_under_optional_needs_the_proof_as_well_and_cannot_be_downgraded() {
    let (gate, client) =
        (Gate::with(sessions(json!({"proof_of_possession_dpop": "optional"}))).await, Client::new());
    let token = gate.bound(&client);
    let cookies = begun_by(&gate, &client, &token).await;
    let call = || Call::get(URL).cookies(&cookies);
    gate.refuse(call()).await.is_dpop("proof_missing", "invalid_dpop_proof");
    gate.refuse(call().header("authorization", &format!("Bearer {token}")))
        .await
        .is_dpop("binding_downgrade", "invalid_token");
    gate.permit(call().header("dpop", &client.proof(gate.now(), &token))).await;

    let plain = begun(&gate).await;
    gate.permit(Call::get(URL).cookies(&plain)).await;
}

#[tokio::test]
async fn a_bad_authorization_beside_a_good_session_is_noticed() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let token = gate.bound(&client);
    let cookies = begun_by(&gate, &client, &token).await;
    let good = || Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token));
    gate.refuse(good().header("authorization", "DPoP garbage"))
        .await
        .is_dpop("token_inactive", "invalid_token");
    gate.refuse(good().header("authorization", &format!("Bearer {token}")))
        .await
        .is_dpop("binding_dpop_required", "invalid_token");
    let other = Client::new();
    let stolen = gate.bound(&other);
    let refused = gate.refuse(good().header("authorization", &format!("DPoP {stolen}"))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    gate.permit(good()).await;
}

#[tokio::test]
async fn a_session_that_began_without_proof_satisfies_no_binding() {
    let (mut gate, client) =
        (Gate::with(sessions(json!({"proof_of_possession_bound_tokens": "accept"}))).await, Client::new());
    let token = gate.bound(&client);
    let call = Call::get(URL).header("authorization", &format!("Bearer {token}"));
    let cookies = gate.permit(call).await.cookies();
    gate.permit(Call::get(URL).cookies(&cookies)).await;

    gate.reconfigure(strict(json!({})));
    let with_proof = Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token));
    let refused = gate.refuse(with_proof).await;
    refused.is_dpop("session_unproven", "invalid_token");
    // With token and proof a new one begins.
    let again = gate.dpop(&client, &token).cookies(&cookies);
    let cookies = gate.permit(again).await.cookies();
    gate.permit(Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token))).await;
}

#[tokio::test]
async fn an_unbound_tokens_session_is_refused_under_strict() {
    let mut gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.reconfigure(strict(json!({})));
    let client = Client::new();
    gate.refuse(Call::get(URL).cookies(&cookies)).await.is_dpop("binding_dpop_required", "invalid_token");
    gate.refuse(Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), "x")))
        .await
        .is_dpop("binding_dpop_required", "invalid_token");
}

#[tokio::test]
async fn a_session_of_another_instance_satisfies_no_binding_even_with_a_shared_secret() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let lax = gate.beside(sessions(json!({"proof_of_possession_bound_tokens": "accept"})));
    let token = gate.bound(&client);
    let bearer = Call::get(URL).header("authorization", &format!("Bearer {token}"));
    let elsewhere = at(&lax, bearer).await.passed().cookies();
    let proof = client.proof(gate.now(), &token);
    let refused = gate.refuse(Call::get(URL).cookies(&elsewhere).header("dpop", &proof)).await;
    refused.is_dpop("session_foreign", "invalid_token");
    assert_eq!(refused.set_cookies(), Vec::<String>::new());

    // Nor does one that another strict instance made.
    let other = gate.beside(strict(json!({})));
    let cookies = begun_by(&gate, &client, &token).await;
    let refused =
        at(&other, Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token)))
            .await
            .refused();
    refused.is_dpop("session_foreign", "invalid_token");
    // And where keys do not count, one of a bound token still does not pass.
    let off = gate.beside(sessions(json!({})));
    let refused = at(&off, Call::get(URL).cookies(&cookies)).await.refused();
    assert_eq!((refused.status, refused.code), (StatusCode::UNAUTHORIZED, "session_foreign"));
}

#[tokio::test]
async fn where_no_keys_count_a_shared_session_is_worth_its_token() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let same = gate.beside(sessions(json!({})));
    assert!(at(&same, Call::get(URL).cookies(&cookies)).await.is_passed());
    let stricter = gate.beside(sessions(json!({"audience_required": ["api"]})));
    let refused = at(&stricter, Call::get(URL).cookies(&cookies)).await.refused();
    refused.is_bearer("token_audience", "invalid_token");
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    let other_secret = gate.beside(sessions(json!({"session_secret": "another one"})));
    at(&other_secret, Call::get(URL).cookies(&cookies))
        .await
        .refused()
        .is_bearer("session_unknown", "invalid_token");
    let own_secret = gate.beside(sessions(json!({"session_secret": null})));
    at(&own_secret, Call::get(URL).cookies(&cookies))
        .await
        .refused()
        .is_bearer("session_unknown", "invalid_token");
}

#[tokio::test]
async fn instances_share_one_cookie_without_taking_each_others_place() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let other = gate.beside(strict(json!({"session_audience": "shop"})));
    let token = gate.bound(&client);
    let mut jar = begun_by(&gate, &client, &token).await;
    let second = at(&other, gate.dpop(&client, &token).cookies(&jar)).await.passed();
    jar.take(&second.set_cookies());
    let call = || Call::get(URL).cookies(&jar).header("dpop", &client.proof(gate.now(), &token));
    gate.permit(call()).await;
    at(&other, call()).await.passed();
}

#[tokio::test]
async fn with_one_subject_enforced_another_subjects_logins_are_let_go() {
    let gate = Gate::with(sessions(json!({}))).await;
    let other =
        gate.beside(sessions(json!({"session_audience": "shop", "session_enforce_same_subject": true})));
    let mut jar = begun(&gate).await;
    let jane = format!("Bearer {}", gate.provider.token(gate.now(), json!({"sub": "jane"})));
    let second = at(&other, Call::get(URL).cookies(&jar).header("authorization", &jane)).await.passed();
    jar.take(&second.set_cookies());
    let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
    assert_eq!(refused.code, "credential_missing");
    assert!(at(&other, Call::get(URL).cookies(&jar)).await.is_passed());
}

#[tokio::test]
async fn an_introspected_token_that_is_bound_otherwise_now_is_refused() {
    let config = strict(json!({"reverify": true, "cache_introspection": false}));
    let (gate, client, other) = (Gate::with(config).await, Client::new(), Client::new());
    let bound = |client: &Client| json!({"active": true, "sub": "john", "cnf": {"jkt": client.jkt()}});
    gate.provider.answer("opaque", Answer::Json(bound(&client)));
    let cookies = begun_by(&gate, &client, "opaque").await;
    let call = || Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), "opaque"));
    gate.permit(call()).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "sub": "john"})));
    gate.refuse(call()).await.is_dpop("session_rebound", "invalid_token");
    gate.provider.answer("opaque", Answer::Json(bound(&other)));
    gate.refuse(call()).await.is_dpop("session_rebound", "invalid_token");
}

#[tokio::test]
async fn report_only_reports_and_a_session_from_then_is_worth_nothing_later() {
    let (mut gate, client) =
        (Gate::with(strict(json!({"proof_of_possession_report_only": true}))).await, Client::new());
    let token = gate.bound(&client);
    let call = Call::get(URL).header("authorization", &format!("DPoP {token}"));
    let passed = gate.permit(call).await;
    assert_eq!(passed.notes.fault, Some("proof_missing"));
    let cookies = passed.cookies();
    let again = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert!(again.notes.fault.is_some());
    gate.reconfigure(strict(json!({})));
    gate.refuse(Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token)))
        .await
        .is_dpop("session_unproven", "invalid_token");
}

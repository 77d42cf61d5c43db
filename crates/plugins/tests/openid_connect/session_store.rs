//! Sessions that live in a store: the cookie holds a sealed id, and the store learns nothing.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::session::{begun, sessions};
use crate::support::{Call, Client, Gate, URL, merged};

fn stored(changes: Value) -> Value {
    sessions(Value::Object(merged(json!({"session_storage": "redis"}), changes)))
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[tokio::test]
async fn the_cookie_is_small_and_the_store_holds_the_session_sealed() {
    let gate = Gate::with(stored(json!({"upstream_session_id_header": "x-session"}))).await;
    let token = gate.provider.token(gate.now(), json!({"pad": "x".repeat(9000)}));
    let passed = gate.permit(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await;
    let cookies = passed.cookies();
    assert!(cookies.line().len() < 140, "{}", cookies.line());
    let id = passed.field("x-session").unwrap();
    let kept = gate.shelves.kept();
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&format!("keybound:session:{id}")]);
    let (value, lives) = &kept[&format!("keybound:session:{id}")];
    assert!(!contains(value, "john") && !contains(value, &token[..40]));
    assert_eq!(*lives, Duration::from_secs(900));
    assert!(!cookies.line().contains(id), "nobody makes a cookie of the id");
    let again = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(again.field("authorization"), Some(format!("Bearer {token}").as_str()));
}

#[tokio::test]
async fn a_stored_session_of_a_bound_token_needs_its_proof_too() {
    let config = stored(json!({"proof_of_possession_dpop": "strict"}));
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    let cookies = gate.permit(gate.dpop(&client, &token)).await.cookies();
    gate.refuse(Call::get(URL).cookies(&cookies)).await.is_dpop("proof_missing", "invalid_dpop_proof");
    assert_eq!(gate.shelves.kept().len(), 1, "a missing proof ends no session");
    gate.permit(Call::get(URL).cookies(&cookies).header("dpop", &client.proof(gate.now(), &token))).await;
}

#[tokio::test]
async fn a_store_out_of_reach_is_503_for_who_has_only_the_session() {
    let gate = Gate::with(stored(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.shelves.set_down(true);
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(
        (refused.status, refused.code),
        (StatusCode::SERVICE_UNAVAILABLE, "session_store_unreachable")
    );
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    assert_eq!(refused.all("retry-after").len(), 1);
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    // A token needs no session.
    let other = gate.provider.token(gate.now(), json!({"jti": "another"}));
    let passed = gate.permit(Call::get(URL).header("authorization", &format!("Bearer {other}"))).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
    assert_eq!(passed.notes.noticed, ["session_not_stored"]);
    gate.shelves.set_down(false);
    gate.permit(Call::get(URL).cookies(&cookies)).await;
}

#[tokio::test]
async fn cookies_of_strangers_never_reach_the_store() {
    let gate = Gate::with(stored(json!({}))).await;
    begun(&gate).await;
    gate.shelves.set_down(true);
    for cookie in
        ["session=1AAAA", "session=1AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "session=x"]
    {
        let refused = gate.refuse(Call::get(URL).header("cookie", cookie)).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{cookie}: {}", refused.code);
    }
}

#[tokio::test]
async fn a_record_moved_to_another_id_or_written_by_somebody_else_is_no_session() {
    let gate = Gate::with(stored(json!({}))).await;
    let one = begun(&gate).await;
    let jane = format!("Bearer {}", gate.provider.token(gate.now(), json!({"sub": "jane"})));
    gate.permit(Call::get(URL).header("authorization", &jane)).await;
    let kept = gate.shelves.kept();
    assert_eq!(kept.len(), 2);
    let (keys, values): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    gate.shelves.replace(keys.iter().cloned().zip(values.iter().rev().cloned()).collect());
    let refused = gate.refuse(Call::get(URL).cookies(&one)).await;
    refused.is_bearer("session_expired", "invalid_token");
    let forged = (b"{\"i\":\"x\"}".to_vec(), Duration::from_secs(1));
    gate.shelves.replace(keys.into_iter().map(|key| (key, forged.clone())).collect());
    gate.refuse(Call::get(URL).cookies(&one)).await.is_bearer("session_expired", "invalid_token");
}

#[tokio::test]
async fn what_ends_a_session_takes_it_out_of_the_store() {
    let mut gate = Gate::with(stored(json!({"session_remember": true}))).await;
    let cookies = begun(&gate).await;
    assert_eq!(gate.shelves.kept().len(), 2);
    gate.reconfigure(stored(json!({"session_remember": true, "scopes_required": ["admin"]})));
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    assert_eq!((refused.status, refused.set_cookies().len()), (StatusCode::FORBIDDEN, 2));
    assert!(gate.shelves.kept().is_empty());
    gate.reconfigure(stored(json!({"session_remember": true})));
    gate.refuse(Call::get(URL).cookies(&cookies)).await.is_bearer("session_expired", "invalid_token");
}

#[tokio::test]
async fn a_renewed_session_is_found_under_its_old_id_for_requests_under_way() {
    let changes =
        json!({"verify_claims": false, "session_idling_timeout": 0, "session_rolling_timeout": 100});
    let gate = Gate::with(stored(changes)).await;
    let cookies = begun(&gate).await;
    gate.clock.advance(80);
    let passed = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(passed.set_cookies().len(), 1);
    let lives: Vec<u64> = gate.shelves.kept().values().map(|(_, lives)| lives.as_secs()).collect();
    assert!(lives.contains(&10) && lives.contains(&100), "{lives:?}");
    gate.permit(Call::get(URL).cookies(&cookies)).await;
    gate.permit(Call::get(URL).cookies(&passed.cookies())).await;
}

#[tokio::test]
async fn a_client_that_keeps_no_cookies_does_not_fill_the_store() {
    let gate = Gate::with(stored(json!({}))).await;
    let token = format!("Bearer {}", gate.bearer());
    let call = || Call::get(URL).header("authorization", &token);
    for _ in 0..50 {
        let cookies = gate.permit(call()).await.cookies();
        gate.permit(Call::get(URL).cookies(&cookies)).await;
    }
    assert_eq!(gate.shelves.writes(), 1);
    gate.clock.advance(60);
    gate.permit(call()).await;
    assert_eq!(gate.shelves.kept().len(), 2);
}

#[tokio::test]
async fn keys_and_subjects_are_named_as_configured() {
    let gate = Gate::with(stored(json!({
        "redis": {"prefix": "shop"}, "session_store_metadata": true, "session_audience": "web",
    })))
    .await;
    begun(&gate).await;
    let keys: Vec<String> = gate.shelves.kept().into_keys().collect();
    let id = keys[0].strip_prefix("shop:").unwrap();
    assert_eq!(keys[1], format!("shop:subject:web:john:{id}"));

    let hashed = json!({
        "session_store_metadata": true, "session_hash_subject": true, "session_hash_storage_key": true,
        "upstream_session_id_header": "x-session",
    });
    let gate = Gate::with(stored(hashed)).await;
    let token = format!("Bearer {}", gate.bearer());
    let passed = gate.permit(Call::get(URL).header("authorization", &token)).await;
    let id = passed.field("x-session").unwrap();
    for key in gate.shelves.kept().keys() {
        assert!(!key.contains(id) && !key.contains("john"), "{key}");
    }
    gate.permit(Call::get(URL).cookies(&passed.cookies())).await;
}

//! How long sessions last, and what ends them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::session::{begun, sessions};
use crate::support::{Call, Cookies, Gate, URL, merged};

/// A gate whose tokens outlive everything else.
async fn long(changes: Value) -> Gate {
    Gate::with(sessions(Value::Object(merged(json!({"verify_claims": false}), changes)))).await
}

async fn visit(gate: &Gate, jar: &mut Cookies) {
    let passed = gate.permit(Call::get(URL).cookies(jar)).await;
    jar.take(&passed.set_cookies());
}

#[tokio::test]
async fn an_idle_session_ends_and_a_used_one_goes_on() {
    let gate = long(json!({"session_rolling_timeout": 0, "session_absolute_timeout": 0})).await;
    let mut jar = begun(&gate).await;
    for _ in 0..10 {
        gate.clock.advance(899);
        visit(&gate, &mut jar).await;
    }
    gate.clock.advance(900);
    let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
    refused.is_bearer("session_expired", "invalid_token");
    assert!(refused.set_cookies()[0].starts_with("session=; Max-Age=0"));
    let control = refused.notes.response_headers.iter().filter(|(name, _)| name == "cache-control");
    assert_eq!(control.map(|(_, value)| value.to_str().unwrap()).collect::<Vec<_>>(), ["no-store"]);
}

#[tokio::test]
async fn use_is_written_down_once_a_minute_at_most() {
    let gate = long(json!({})).await;
    let jar = begun(&gate).await;
    gate.clock.advance(60);
    assert_eq!(gate.permit(Call::get(URL).cookies(&jar)).await.set_cookies(), Vec::<String>::new());
    gate.clock.advance(1);
    assert_eq!(gate.permit(Call::get(URL).cookies(&jar)).await.set_cookies().len(), 1);
}

#[tokio::test]
async fn a_session_that_is_not_renewed_in_time_ends() {
    let config = json!({
        "session_idling_timeout": 0, "session_absolute_timeout": 0, "upstream_session_id_header": "x-session",
    });
    let gate = long(config).await;
    let mut jar = begun(&gate).await;
    let before = gate.permit(Call::get(URL).cookies(&jar)).await.field("x-session").unwrap().to_owned();
    gate.clock.advance(2699);
    assert_eq!(gate.permit(Call::get(URL).cookies(&jar)).await.set_cookies(), Vec::<String>::new());
    gate.clock.advance(1);
    let renewed = gate.permit(Call::get(URL).cookies(&jar)).await;
    assert_ne!(renewed.field("x-session"), Some(before.as_str()));
    let old = jar.clone();
    jar.take(&renewed.set_cookies());
    gate.clock.advance(900);
    gate.refuse(Call::get(URL).cookies(&old)).await.is_bearer("session_expired", "invalid_token");
    visit(&gate, &mut jar).await;
    gate.clock.advance(3600);
    gate.refuse(Call::get(URL).cookies(&jar)).await.is_bearer("session_expired", "invalid_token");
}

#[tokio::test]
async fn no_use_prolongs_the_absolute_timeout() {
    let gate = long(json!({"session_absolute_timeout": 5000})).await;
    let mut jar = begun(&gate).await;
    for _ in 0..9 {
        gate.clock.advance(500);
        visit(&gate, &mut jar).await;
    }
    gate.clock.advance(499);
    visit(&gate, &mut jar).await;
    gate.clock.advance(1);
    gate.refuse(Call::get(URL).cookies(&jar)).await.is_bearer("session_expired", "invalid_token");
}

#[tokio::test]
async fn timeouts_of_zero_do_not_count() {
    let gate = long(json!({
        "session_idling_timeout": 0, "session_rolling_timeout": 0, "session_absolute_timeout": 0,
    }))
    .await;
    let jar = begun(&gate).await;
    gate.clock.advance(50 * 365 * 86_400);
    assert_eq!(gate.permit(Call::get(URL).cookies(&jar)).await.set_cookies(), Vec::<String>::new());
}

#[tokio::test]
async fn a_clock_that_went_back_ends_nothing() {
    let gate = long(json!({})).await;
    let jar = begun(&gate).await;
    gate.clock.advance(-30);
    gate.permit(Call::get(URL).cookies(&jar)).await;
}

#[tokio::test]
async fn a_remembered_login_begins_another_session() {
    let config = json!({
        "session_remember": true, "session_absolute_timeout": 1000, "session_remember_rolling_timeout": 4000,
        "session_remember_absolute_timeout": 9000, "upstream_session_id_header": "x-session",
    });
    let gate = long(config).await;
    let passed =
        gate.permit(Call::get(URL).header("authorization", &format!("Bearer {}", gate.bearer()))).await;
    let lines = passed.set_cookies();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("session=1") && !lines[0].contains("Max-Age"), "{lines:?}");
    assert!(lines[1].starts_with("remember=1") && lines[1].contains("; Max-Age=4000;"), "{lines:?}");
    let mut jar = passed.cookies();

    // The browser was closed.
    jar.0.remove("session");
    gate.clock.advance(1000);
    let passed = gate.permit(Call::get(URL).cookies(&jar)).await;
    assert_eq!(passed.set_cookies().len(), 1);
    assert_eq!(passed.field("cookie"), None);
    jar.take(&passed.set_cookies());
    // It is a session with timeouts of its own, which ends too.
    gate.clock.advance(2000);
    let passed = gate.permit(Call::get(URL).cookies(&jar)).await;
    assert_eq!(passed.set_cookies().len(), 2, "renewed, three quarters of its time were over");
    jar.take(&passed.set_cookies());
    gate.clock.advance(3000);
    visit(&gate, &mut jar).await;
    gate.clock.advance(3000);
    let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
    refused.is_bearer("session_expired", "invalid_token");
    assert_eq!(refused.set_cookies().len(), 2);
}

#[tokio::test]
async fn a_remembered_login_is_no_session_and_a_session_no_remembered_login() {
    let gate = long(json!({"session_remember": true})).await;
    let jar = begun(&gate).await;
    let value = |name: &str| jar.0[name].clone();
    let swapped = Cookies([("session".to_owned(), value("remember"))].into());
    assert_eq!(gate.refuse(Call::get(URL).cookies(&swapped)).await.code, "credential_missing");
    let swapped = Cookies([("remember".to_owned(), value("session"))].into());
    assert_eq!(gate.refuse(Call::get(URL).cookies(&swapped)).await.code, "credential_missing");
}

#[tokio::test]
async fn a_refusal_ends_the_session_unless_it_is_told_not_to() {
    let forbidden = |changes| sessions(Value::Object(merged(json!({"scopes_required": ["admin"]}), changes)));
    let mut gate = Gate::with(sessions(json!({}))).await;
    let jar = begun(&gate).await;
    for (changes, ended) in [(json!({}), 1), (json!({"forbidden_destroy_session": false}), 0)] {
        gate.reconfigure(forbidden(changes));
        let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.set_cookies().len(), ended);
    }
    gate.reconfigure(sessions(json!({"unauthorized_destroy_session": false})));
    gate.clock.advance(900);
    let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
    assert_eq!((refused.code, refused.set_cookies().len()), ("session_expired", 0));
}

//! What a session stands for, and what a request with one looks like when it is forwarded.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Cookies, Gate, URL, merged};

/// A gate with sessions.
pub(crate) fn sessions(changes: Value) -> Value {
    Value::Object(merged(
        json!({"auth_methods": ["bearer", "introspection", "session"], "session_secret": "a secret of the test's own"}),
        changes,
    ))
}

/// The cookies of a session that a plain bearer token began.
pub(crate) async fn begun(gate: &Gate) -> Cookies {
    let token = gate.bearer();
    gate.permit(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await.cookies()
}

#[tokio::test]
async fn a_token_begins_a_session_that_stands_for_it() {
    let gate = Gate::with(sessions(json!({}))).await;
    let token = gate.bearer();
    let passed = gate.permit(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await;
    let lines = passed.set_cookies();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("session=1"), "{lines:?}");
    assert!(lines[0].ends_with("; Path=/; SameSite=Lax; HttpOnly"), "{lines:?}");
    assert!(!lines[0].contains(token.split('.').nth(1).unwrap()));
    assert_eq!(passed.response("cache-control"), Some("no-store"));

    let again = gate.permit(Call::get(URL).cookies(&passed.cookies())).await;
    assert_eq!(again.field("authorization"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(again.field("cookie"), None);
    assert_eq!(again.set_cookies(), Vec::<String>::new());
    assert_eq!(again.response("cache-control"), None);
    assert_eq!(again.notes.subject.as_deref(), Some("john"));
    assert_eq!(again.reads, 0);
}

#[tokio::test]
async fn without_the_method_no_session_begins_and_none_counts() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let mut gate = gate;
    gate.reconfigure(sessions(json!({"auth_methods": ["bearer", "introspection"]})));
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::UNAUTHORIZED, "credential_missing"));
    let passed =
        gate.permit(Call::get(URL).header("authorization", &format!("Bearer {}", gate.bearer()))).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
}

#[tokio::test]
async fn disabled_methods_begin_no_session_and_end_those_they_began() {
    let mut gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.reconfigure(sessions(json!({"disable_session": ["bearer"]})));
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    refused.is_bearer("session_method", "invalid_token");
    assert_eq!(refused.set_cookies().len(), 1);
    let passed =
        gate.permit(Call::get(URL).header("authorization", &format!("Bearer {}", gate.bearer()))).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "sub": "john"})));
    let passed = gate.permit(Call::get(URL).header("authorization", "Bearer opaque")).await;
    assert_eq!(passed.set_cookies().len(), 1);
}

#[tokio::test]
async fn the_claims_of_an_introspected_token_are_sealed_with_it() {
    let gate = Gate::with(sessions(json!({"scopes_required": ["read"]}))).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "sub": "john", "scope": "read"})));
    let cookies = gate.permit(Call::get(URL).header("authorization", "Bearer opaque")).await.cookies();
    gate.provider.answer("opaque", Answer::Json(json!({"active": false})));
    gate.clock.advance(800);
    let passed = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(passed.field("authorization"), Some("Bearer opaque"));
    assert_eq!(gate.provider.calls("/introspect"), 1);
}

#[tokio::test]
async fn with_reverify_a_revoked_token_ends_its_session_when_the_kept_answer_ends() {
    let gate = Gate::with(sessions(json!({"reverify": true, "cache_ttl": 60}))).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "sub": "john"})));
    let cookies = gate.permit(Call::get(URL).header("authorization", "Bearer opaque")).await.cookies();
    gate.provider.answer("opaque", Answer::Json(json!({"active": false})));
    gate.permit(Call::get(URL).cookies(&cookies)).await;
    gate.clock.advance(61);
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    refused.is_bearer("token_inactive", "invalid_token");
    assert_eq!(refused.set_cookies().len(), 1);
    assert!(refused.set_cookies()[0].starts_with("session=; Max-Age=0"));
}

#[tokio::test]
async fn the_token_of_a_session_expires_with_it() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.clock.advance(299);
    gate.permit(Call::get(URL).cookies(&cookies)).await;
    gate.clock.advance(1);
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    refused.is_bearer("token_expired", "invalid_token");
    assert!(refused.set_cookies()[0].starts_with("session=; Max-Age=0"));
}

#[tokio::test]
async fn settings_that_changed_are_applied_to_sessions_that_began_before() {
    let mut gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.reconfigure(sessions(json!({"audience_required": ["api"]})));
    gate.refuse(Call::get(URL).cookies(&cookies)).await.is_bearer("token_audience", "invalid_token");
    gate.reconfigure(sessions(json!({"leeway": 5})));
    let passed = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(passed.set_cookies().len(), 1);
    gate.reconfigure(sessions(json!({"scopes_required": ["admin"]})));
    let refused = gate.refuse(Call::get(URL).cookies(&cookies)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::FORBIDDEN, "authorization_scope"));
}

#[tokio::test]
async fn a_token_beside_a_session_decides_by_itself() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let with = |value: &str| Call::get(URL).cookies(&cookies).header("authorization", value);
    let refused = gate.refuse(with("Bearer not-a-token")).await;
    assert_eq!((refused.status, refused.code), (StatusCode::UNAUTHORIZED, "token_inactive"));
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    let refused = gate.refuse(with("Bearer a b")).await;
    assert_eq!((refused.status, refused.code), (StatusCode::BAD_REQUEST, "credential_malformed"));
    let other = gate.provider.token(gate.now(), json!({"sub": "jane"}));
    let passed = gate.permit(with(&format!("Bearer {other}"))).await;
    assert_eq!(passed.field("authorization"), Some(format!("Bearer {other}").as_str()));
    let replaced = passed.cookies();
    assert_ne!(replaced, cookies);
    assert_eq!(gate.permit(Call::get(URL).cookies(&replaced)).await.notes.subject.as_deref(), Some("jane"));
}

#[tokio::test]
async fn the_sessions_own_token_beside_it_goes_on_with_it() {
    let gate = Gate::with(sessions(json!({}))).await;
    let token = format!("Bearer {}", gate.bearer());
    let cookies = gate.permit(Call::get(URL).header("authorization", &token)).await.cookies();
    let passed = gate.permit(Call::get(URL).cookies(&cookies).header("authorization", &token)).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
    assert_eq!(passed.field("cookie"), None);
}

#[tokio::test]
async fn a_credential_of_another_scheme_does_not_hide_the_session() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let passed =
        gate.permit(Call::get(URL).cookies(&cookies).header("authorization", "Basic am9objpkb2U=")).await;
    assert!(passed.field("authorization").unwrap().starts_with("Bearer ey"));
}

#[tokio::test]
async fn credentials_are_hidden_unless_they_are_to_be_kept() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let call = Call::get(URL).header("cookie", &format!("a=b; {}; session2=x; c=d", cookies.line()));
    assert_eq!(gate.permit(call).await.field("cookie"), Some("a=b; c=d"));
    let token = format!("Bearer {}", gate.bearer());
    let call = Call::get(URL).header("cookie", "session=mine; c=d").header("authorization", &token);
    assert_eq!(gate.permit(call).await.field("cookie"), Some("c=d"));

    let gate = Gate::with(sessions(json!({"hide_credentials": false}))).await;
    let cookies = begun(&gate).await;
    let passed = gate.permit(Call::get(URL).cookies(&cookies)).await;
    assert_eq!(passed.field("cookie"), Some(cookies.line().as_str()));
}

#[tokio::test]
async fn upstream_and_client_are_told_what_is_configured_and_nobody_else_says_it() {
    let gate = Gate::with(sessions(json!({
        "session_request_headers": ["id", "subject", "audience", "timeout", "absolute-timeout"],
        "session_response_headers": ["idling-timeout", "rolling-timeout"],
        "upstream_session_id_header": "x-session", "downstream_session_id_header": "x-my-session",
        "session_audience": "shop",
    })))
    .await;
    let cookies = begun(&gate).await;
    gate.clock.advance(20);
    let passed = gate
        .permit(
            Call::get(URL)
                .cookies(&cookies)
                .header("session-subject", "admin")
                .header("session_subject", "admin")
                .header("x_session", "mine"),
        )
        .await;
    assert_eq!(passed.field("session-subject"), Some("john"));
    assert_eq!(passed.field("session_subject"), None);
    assert_eq!(passed.field("x_session"), None);
    assert_eq!(passed.field("session-audience"), Some("shop"));
    assert_eq!(passed.field("session-timeout"), Some("880"));
    assert_eq!(passed.field("session-absolute-timeout"), Some("86380"));
    assert_eq!(passed.response("session-idling-timeout"), Some("880"));
    assert_eq!(passed.response("session-rolling-timeout"), Some("3580"));
    let id = passed.field("session-id").unwrap();
    assert_eq!(id.len(), 22);
    assert_eq!(passed.field("x-session"), Some(id));
    assert_eq!(passed.response("x-my-session"), Some(id));
}

#[tokio::test]
async fn without_a_session_nobody_is_told_of_one() {
    let gate =
        Gate::with(sessions(json!({"session_request_headers": ["id"], "disable_session": ["bearer"]}))).await;
    let token = format!("Bearer {}", gate.bearer());
    let call = Call::get(URL)
        .header("authorization", &token)
        .header("session-id", "x")
        .header("session-subject", "x");
    let passed = gate.permit(call).await;
    assert_eq!(passed.field("session-id"), None);
    assert_eq!(passed.field("session-subject"), None);
}

#[tokio::test]
async fn a_jwt_counts_only_beside_the_cookie_that_its_claim_names() {
    let config = json!({"jwt_session_cookie": "sid", "auth_methods": ["bearer"]});
    let gate = Gate::with(config).await;
    let token = format!("Bearer {}", gate.provider.token(gate.now(), json!({"sid": "abc"})));
    let call = || Call::get(URL).header("authorization", &token);
    gate.permit(call().header("cookie", "sid=abc")).await;
    gate.refuse(call()).await.is_bearer("session_companion", "invalid_token");
    gate.refuse(call().header("cookie", "sid=abd")).await.is_bearer("session_companion", "invalid_token");
    gate.refuse(call().header("cookie", "sid=")).await.is_bearer("session_companion", "invalid_token");
    let without = format!("Bearer {}", gate.bearer());
    gate.refuse(Call::get(URL).header("authorization", &without).header("cookie", "sid=abc"))
        .await
        .is_bearer("session_companion", "invalid_token");
}

#[tokio::test]
async fn beside_a_session_a_form_is_searched_for_a_token_and_no_other_body() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let post = |media, body| Call::new(http::Method::POST, URL).cookies(&cookies).body(media, body);
    let json = r#"{"access_token":"x"}"#;
    let passed = gate.permit(post("application/json", json)).await;
    assert_eq!((passed.reads, passed.body.as_ref()), (0, json.as_bytes()));
    let form = "application/x-www-form-urlencoded";
    let passed = gate.permit(post(form, "a=b")).await;
    assert_eq!(passed.body.as_ref(), b"a=b".as_slice());
    // An upstream may read it there (RFC 6750 §2.2): the token decides by itself, as in any other place.
    gate.refuse(post(form, "access_token=x&a=b")).await.is_bearer("token_inactive", "invalid_token");
}

#[tokio::test]
async fn a_link_with_a_token_begins_no_session() {
    let gate = Gate::with(sessions(json!({}))).await;
    let passed = gate.permit(Call::get(&format!("{URL}?access_token={}", gate.bearer()))).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
}

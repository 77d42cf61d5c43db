//! What the cookies of a session are, and what they are not taken for.

use serde_json::{Value, json};

use crate::session::{begun, sessions};
use crate::support::{Call, Cookies, Gate, URL};

fn bearer(gate: &Gate, claims: Value) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {}", gate.provider.token(gate.now(), claims)))
}

#[tokio::test]
async fn attributes_are_those_of_the_configuration_and_secure_follows_the_request() {
    let gate = Gate::with(sessions(json!({}))).await;
    let secure = "https://gateway.example/things";
    let call = Call::get(secure).header("authorization", &format!("Bearer {}", gate.bearer()));
    assert!(gate.permit(call).await.set_cookies()[0].ends_with("; Path=/; SameSite=Lax; HttpOnly; Secure"));

    let gate = Gate::with(sessions(json!({
        "session_cookie_name": "__Secure-kb", "session_cookie_secure": true, "session_cookie_path": "/app",
        "session_cookie_domain": "gateway.example", "session_cookie_same_site": "Strict",
        "session_cookie_http_only": false,
    })))
    .await;
    let line = &gate.permit(bearer(&gate, json!({}))).await.set_cookies()[0];
    assert!(line.starts_with("__Secure-kb=1"), "{line}");
    assert!(line.ends_with("; Path=/app; Domain=gateway.example; SameSite=Strict; Secure"), "{line}");
}

#[tokio::test]
async fn a_large_session_takes_several_cookies_and_one_that_is_too_large_does_not_begin() {
    let gate = Gate::with(sessions(json!({}))).await;
    let passed = gate.permit(bearer(&gate, json!({"pad": "x".repeat(3000)}))).await;
    let cookies = passed.cookies();
    assert_eq!(cookies.0.keys().collect::<Vec<_>>(), ["session", "session2"]);
    assert!(passed.set_cookies().iter().all(|line| line.len() < 4096));
    gate.permit(Call::get(URL).cookies(&cookies)).await;

    let mut torn = cookies.clone();
    torn.0.remove("session2");
    let refused = gate.refuse(Call::get(URL).cookies(&torn)).await;
    assert_eq!(refused.code, "credential_missing");

    let passed = gate.permit(bearer(&gate, json!({"pad": "x".repeat(9000)}))).await;
    assert_eq!(passed.set_cookies(), Vec::<String>::new());
    assert_eq!(passed.notes.noticed, ["session_too_large"]);
}

#[tokio::test]
async fn an_altered_session_is_unknown_and_its_cookie_is_left_alone() {
    let gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    let value = &cookies.0["session"];
    for index in [1, 4, 10, 30, 60, value.len() - 2] {
        let mut altered = value.clone().into_bytes();
        altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let jar = Cookies([("session".to_owned(), altered)].into());
        let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
        assert!(
            matches!(refused.code, "session_unknown" | "credential_missing"),
            "{index}: {}",
            refused.code
        );
        assert_eq!(refused.status, 401);
        assert_eq!(refused.set_cookies(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_cookie_of_somebody_elses_is_no_session_and_no_fault() {
    let gate = Gate::with(sessions(json!({}))).await;
    for value in ["", "eyJhIjoxfQ.YQ.b", "1", "1AAAA", "4AAAA", &"A".repeat(5000)] {
        let jar = Cookies([("session".to_owned(), value.to_owned())].into());
        let refused = gate.refuse(Call::get(URL).cookies(&jar)).await;
        assert_eq!(refused.code, "credential_missing", "{value}");
        assert_eq!(refused.challenge_error("Bearer"), None);
    }
}

#[tokio::test]
async fn two_different_sessions_in_one_request_are_not_chosen_between() {
    let gate = Gate::with(sessions(json!({}))).await;
    let (one, two) = (begun(&gate).await, begun(&gate).await);
    let call = Call::get(URL).cookies(&one).header("cookie", &two.line());
    gate.refuse(call).await.is_bearer("session_ambiguous", "invalid_token");
}

#[tokio::test]
async fn terms_of_the_first_request_hold_for_the_later_ones() {
    let config = sessions(json!({"session_bind": ["ip", "scheme", "user-agent"]}));
    let gate = Gate::with(config).await;
    let call = || Call::get(URL).from("192.0.2.7").header("user-agent", "Mozilla/5.0");
    let token = format!("Bearer {}", gate.bearer());
    let cookies = gate.permit(call().header("authorization", &token)).await.cookies();
    gate.permit(call().cookies(&cookies)).await;
    let refused = gate.refuse(call().cookies(&cookies).from("192.0.2.8")).await;
    refused.is_bearer("session_terms", "invalid_token");
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    gate.refuse(call().cookies(&cookies).only("user-agent", "curl"))
        .await
        .is_bearer("session_terms", "invalid_token");
    gate.refuse(call().cookies(&cookies).without("user-agent"))
        .await
        .is_bearer("session_terms", "invalid_token");
    let secure =
        Call::get("https://gateway.example/things").from("192.0.2.7").header("user-agent", "Mozilla/5.0");
    gate.refuse(secure.cookies(&cookies)).await.is_bearer("session_terms", "invalid_token");
}

#[tokio::test]
async fn terms_that_are_demanded_later_refuse_sessions_that_did_not_note_them() {
    let mut gate = Gate::with(sessions(json!({}))).await;
    let cookies = begun(&gate).await;
    gate.reconfigure(sessions(json!({"session_bind": ["ip"]})));
    gate.refuse(Call::get(URL).cookies(&cookies)).await.is_bearer("session_terms", "invalid_token");
}

#[tokio::test]
async fn preflight_requests_that_pass_carry_no_session_on() {
    let gate = Gate::with(sessions(json!({"run_on_preflight": false}))).await;
    let call = Call::new(http::Method::OPTIONS, URL)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET")
        .header("cookie", "session=1abc; a=b");
    assert_eq!(gate.permit(call).await.field("cookie"), Some("a=b"));
}

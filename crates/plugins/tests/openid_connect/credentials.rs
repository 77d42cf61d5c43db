//! Where a credential is found, and what is no credential.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Call, Client, Gate, URL};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn no_credential_is_a_challenge_without_error() {
    let gate = Gate::with(json!({"proof_of_possession_dpop": "optional"})).await;
    let proof = Client::new().proof(gate.now(), "x");
    for call in [
        Call::get(URL),
        Call::get(URL).header("dpop", &proof),
        Call::get(URL).header("authorization", "Basic YTpi"),
        Call::get(URL).header("authorization", ""),
    ] {
        let refused = gate.refuse(call).await;
        assert_eq!((refused.status, refused.code), (StatusCode::UNAUTHORIZED, "credential_missing"));
        assert_eq!(refused.message, "Unauthorized");
        assert_eq!(
            refused.challenges(),
            [
                "DPoP realm=\"keybound\", algs=\"ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519\"",
                "Bearer realm=\"keybound\""
            ]
        );
    }
}

#[tokio::test]
async fn broken_and_ambiguous_credentials_are_bad_requests() {
    let gate = Gate::strict().await;
    for (call, code) in [
        (
            Call::get(URL).header("authorization", "DPoP a").header("authorization", "Bearer b"),
            "credential_repeated",
        ),
        (
            Call::get(URL).header("authorization", "Bearer b").header("authorization", "DPoP a"),
            "credential_repeated",
        ),
        (Call::get(URL).header("authorization", "DPoP"), "credential_malformed"),
        (Call::get(URL).header("authorization", "DPoP a extra"), "credential_malformed"),
        (Call::get(URL).header("authorization", "DPoP a,b"), "credential_malformed"),
        (Call::get(URL).header("authorization", "DPoP\ta"), "credential_malformed"),
        (
            Call::get(&format!("{URL}?access_token=a")).header("authorization", "DPoP b"),
            "credential_ambiguous",
        ),
        (Call::get(&format!("{URL}?access_token=a&access_token=b")), "credential_ambiguous"),
    ] {
        let refused = gate.refuse(call).await;
        assert_eq!((refused.status, refused.code), (StatusCode::BAD_REQUEST, code));
        assert_eq!(refused.challenge_error("DPoP"), Some("invalid_request"));
    }
}

#[tokio::test]
async fn the_scheme_has_no_case_and_spaces_may_follow() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    for scheme in ["dpop", "DPOP", "DPoP ", "dPoP   "] {
        let call = gate.dpop(&client, &token).only("authorization", &format!("{scheme} {token}"));
        let passed = gate.permit(call).await;
        assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
    }
}

#[tokio::test]
async fn a_token_beyond_the_cap_is_not_looked_at() {
    let gate = Gate::strict().await;
    let call = Call::get(URL).header("authorization", &format!("DPoP {}", "a".repeat(17_000)));
    gate.refuse(call).await.is_dpop("credential_too_long", "invalid_token");
}

#[tokio::test]
async fn a_query_token_is_used_once_and_never_forwarded() {
    let gate = Gate::with(json!({"hide_credentials": false})).await;
    let token = gate.bearer();
    let passed = gate.permit(Call::get(&format!("{URL}?a=%7e&access_token={token}&b=2"))).await;
    assert_eq!(passed.head.query.as_deref(), Some("a=%7e&b=2"));
    assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
    let passed = gate.permit(Call::get(&format!("{URL}?access_token={token}"))).await;
    assert_eq!(passed.head.query, None);
}

#[tokio::test]
async fn a_body_token_is_used_once_and_never_forwarded() {
    let gate = Gate::with(json!({})).await;
    let token = gate.bearer();
    let form = Call::new(Method::POST, URL).body(FORM, &format!("a=1&access_token={token}"));
    assert_eq!(gate.permit(form).await.body, "a=1");
    let text = format!(r#"{{"access_token":"{token}", "n": 1.0}}"#);
    let json = Call::new(Method::POST, URL).body("application/json; charset=utf-8", &text);
    assert_eq!(gate.permit(json).await.body, r#"{ "n": 1.0}"#);
}

#[tokio::test]
async fn a_json_body_is_read_only_when_no_other_place_has_a_token() {
    let gate = Gate::with(json!({})).await;
    let token = gate.bearer();
    let call = Call::new(Method::POST, URL)
        .body("application/json", r#"{"access_token":"x"}"#)
        .header("authorization", &format!("Bearer {token}"));
    let passed = gate.permit(call).await;
    assert_eq!((passed.reads, passed.body.as_ref()), (0, br#"{"access_token":"x"}"#.as_slice()));
}

#[tokio::test]
async fn a_form_may_not_have_a_token_beside_another_place() {
    let gate = Gate::with(json!({})).await;
    let token = gate.bearer();
    let with = |form: &str| {
        Call::new(Method::POST, URL).body(FORM, form).header("authorization", &format!("Bearer {token}"))
    };
    for form in ["access_token=x", "a=1&access%5Ftoken=x"] {
        let refused = gate.refuse(with(form)).await;
        assert_eq!(
            (refused.status, refused.code),
            (StatusCode::BAD_REQUEST, "credential_ambiguous"),
            "{form}"
        );
    }
    assert_eq!(gate.permit(with("a=1&access_token=")).await.body, "a=1&access_token=");
    let config = json!({ "bearer_token_param_type": ["header"] });
    let elsewhere = Gate::with(config).await;
    let call = Call::new(Method::POST, URL)
        .body(FORM, "access_token=x")
        .header("authorization", &format!("Bearer {}", elsewhere.bearer()));
    assert_eq!(elsewhere.permit(call).await.reads, 0);
}

#[tokio::test]
async fn a_body_that_cannot_have_a_token_is_left_alone() {
    let gate = Gate::with(json!({})).await;
    let token = gate.bearer();
    for (media, body) in [
        ("text/plain", format!("access_token={token}")),
        ("application/json", "null".to_owned()),
        ("application/json", r#"{"access_token":null}"#.to_owned()),
        ("application/json", "[1]".to_owned()),
        (FORM, format!("access_token={token}&x={}", "y".repeat(1024 * 1024))),
    ] {
        let refused = gate.refuse(Call::new(Method::POST, URL).body(media, &body)).await;
        assert_eq!(refused.code, "credential_missing", "{media}");
    }
    let refused = gate.refuse(Call::new(Method::POST, URL).broken_body(FORM)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::BAD_REQUEST, "credential_body"));
}

#[tokio::test]
async fn a_cookie_counts_only_where_it_is_named() {
    let gate =
        Gate::with(json!({"bearer_token_param_type": ["cookie"], "bearer_token_cookie_name": "at"})).await;
    let token = gate.bearer();
    let passed = gate.permit(Call::get(URL).header("cookie", &format!("a=1; at={token}; b=2"))).await;
    assert_eq!(passed.field("cookie"), Some("a=1; b=2"));
    let refused = gate.refuse(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await;
    assert_eq!(refused.code, "credential_missing");
}

#[tokio::test]
async fn fields_of_kong_carry_tokens_and_are_hidden() {
    for name in ["access-token", "x-access-token"] {
        let gate = Gate::with(json!({})).await;
        let passed = gate.permit(Call::get(URL).header(name, &gate.bearer())).await;
        assert_eq!(passed.field(name), None);
        let gate = Gate::with(json!({"hide_credentials": false})).await;
        let passed = gate.permit(Call::get(URL).header(name, &gate.bearer())).await;
        assert!(passed.field(name).is_some());
    }
}

#[tokio::test]
async fn a_configured_field_is_the_only_one() {
    let gate = Gate::with(json!({"bearer_token_header_name": "x-my-token"})).await;
    let token = gate.bearer();
    gate.permit(Call::get(URL).header("x-my-token", &format!("Bearer {token}"))).await;
    gate.permit(Call::get(URL).header("x-my-token", &token)).await;
    let refused = gate.refuse(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await;
    assert_eq!(refused.code, "credential_missing");
}

#[tokio::test]
async fn underscores_are_never_read_as_hyphens() {
    let gate = Gate::with(json!({})).await;
    let refused = gate.refuse(Call::get(URL).header("x_access_token", &gate.bearer())).await;
    assert_eq!(refused.code, "credential_missing");
}

#[tokio::test]
async fn a_preflight_request_passes_only_where_the_configuration_says() {
    let preflight = || {
        Call::new(Method::OPTIONS, URL)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "GET")
            .header("x-consumer-id", "forged")
    };
    let gate = Gate::with(json!({})).await;
    assert_eq!(gate.refuse(preflight()).await.code, "credential_missing");
    let gate = Gate::with(json!({"run_on_preflight": false})).await;
    assert_eq!(gate.permit(preflight()).await.field("x-consumer-id"), None);
    assert_eq!(gate.refuse(Call::new(Method::OPTIONS, URL)).await.code, "credential_missing");
}

//! What upstream and client are told, and that no client can say it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Company, URL};

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

fn decoded(value: Option<&str>) -> Value {
    serde_json::from_slice(&STANDARD.decode(value.unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn claims_are_told_in_both_forms_of_the_configuration() {
    let gate = Company::with(json!({
        "upstream_headers": [{"header": "X_Role", "path": ["realm", "roles"]}, {"header": "x-level", "path": ["level"]}],
        "upstream_headers_claims": ["sub", "email"],
        "upstream_headers_names": ["x-user", "x_mail"],
    }))
    .await;
    let token = gate
        .provider
        .token(gate.now(), json!({"realm": {"roles": ["a", "b"]}, "level": 3, "email": "j@x.example"}));
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.field("x-role"), Some(r#"["a","b"]"#));
    assert_eq!(passed.field("x-level"), Some("3"));
    assert_eq!(passed.field("x-user"), Some("john"));
    assert_eq!(passed.field("x-mail"), Some("j@x.example"));
}

#[tokio::test]
async fn a_client_cannot_say_what_is_told_in_no_spelling_and_not_where_the_claim_is_missing() {
    let config = json!({
        "upstream_headers": [{"header": "X-User-Role", "path": ["role"]}],
        "upstream_introspection_header": "X-Introspection",
        "upstream_access_token_jwk_header": "X-Key",
        "run_on_preflight": false,
        "anonymous": "nobody",
    });
    let gate = Company::beside(config, [("key-auth", json!({"anonymous": "nobody"}))]).await;
    let forged = |mut call: Call| {
        for name in [
            "x-user-role",
            "x_user_role",
            "x-user_role",
            "x_user-role",
            "x.user.role",
            "x-user-role_",
            "x-introspection",
            "x_introspection",
            "x-key",
            "x_key",
            "x-consumer-id",
            "x-anonymous-consumer",
        ] {
            call = call.header(name, "forged");
        }
        call.header("x-mine", "stays")
    };
    let told = gate.provider.token(gate.now(), json!({"role": "user"}));
    let untold = gate.provider.token(gate.now(), json!({"role": null}));
    let preflight = Call::new(http::Method::OPTIONS, URL)
        .header("origin", "https://a.example")
        .header("access-control-request-method", "GET");
    for (name, call, role) in [
        ("claim there", bearer(&told), Some("user")),
        ("claim missing", bearer(&untold), None),
        ("anonymous", Call::get(URL), None),
        ("bad token", bearer("bad"), None),
        ("known to another plugin", Call::get(URL).header("apikey", "johns"), None),
        ("preflight", preflight, None),
    ] {
        let passed = gate.permit(forged(call)).await;
        assert_eq!(passed.field("x-user-role"), role, "{name}");
        for (field, value) in &passed.head.headers {
            assert_ne!(value, "forged", "{name}: {field}");
        }
        assert_eq!(passed.field("x-mine"), Some("stays"), "{name}");
    }
}

#[tokio::test]
async fn trailers_never_have_what_is_told() {
    let gate = Company::with(json!({
        "upstream_headers": [{"header": "X-User-Role", "path": ["role"]}],
        "upstream_access_token_header": "x_token",
    }))
    .await;
    for name in ["x-user-role", "x_user_role", "x-token"] {
        assert!(gate.chain.reserved().contains(&http::HeaderName::from_static(name)), "{name}");
    }
    assert!(!gate.chain.reserved().contains(&http::HeaderName::from_static("x-checksum")));
}

#[tokio::test]
async fn a_value_that_no_field_can_carry_faithfully_is_left_out_and_the_request_goes_on() {
    let gate = Company::with(json!({
        "upstream_headers": [{"header": "x-name", "path": ["name"]}],
        "downstream_headers": [{"header": "x-name", "path": ["name"]}],
    }))
    .await;
    for name in
        [json!("a\r\nx-admin: 1"), json!(" admin"), json!("admin\t"), json!("x".repeat(8001)), json!("")]
    {
        let token = gate.provider.token(gate.now(), json!({"name": name}));
        let passed = gate.permit(bearer(&token).header("x-name", "forged")).await;
        assert_eq!(passed.field("x-name"), None, "{name}");
        assert_eq!(passed.response("x-name"), None, "{name}");
        assert_eq!(passed.notes.noticed, ["header_left_out"], "{name}");
    }
}

#[tokio::test]
async fn the_key_that_verified_the_token_is_told() {
    let gate = Company::with(json!({
        "upstream_access_token_jwk_header": "x-key",
        "downstream_access_token_jwk_header": "x-key",
    }))
    .await;
    let passed = gate.permit(bearer(&gate.bearer())).await;
    let key = decoded(passed.field("x-key"));
    assert_eq!((&key["kid"], &key["kty"], key.get("d")), (&json!("k1"), &json!("EC"), None));
    assert_eq!(passed.response("x-key"), passed.field("x-key"));
    // The token is in the cache now, and its key with it.
    let passed = gate.permit(bearer(&gate.bearer())).await;
    assert_eq!(decoded(passed.field("x-key"))["kid"], "k1");
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    assert_eq!(gate.permit(bearer("opaque")).await.field("x-key"), None, "no key verified it");
}

#[tokio::test]
async fn the_providers_answer_is_told_when_it_was_asked() {
    let config =
        json!({"upstream_introspection_header": "x-answer", "downstream_introspection_header": "x-answer"});
    let gate = Company::with(config.clone()).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "sub": "7"})));
    let passed = gate.permit(bearer("opaque")).await;
    assert_eq!(decoded(passed.field("x-answer")), json!({"active": true, "sub": "7"}));
    assert_eq!(passed.response("x-answer"), passed.field("x-answer"));
    assert_eq!(gate.permit(bearer(&gate.bearer())).await.field("x-answer"), None);
    let mut config = config;
    config["introspect_jwt_tokens"] = json!(true);
    let gate = Company::with(config).await;
    let token = gate.bearer();
    gate.provider.answer(&token, Answer::Json(json!({"active": true, "sub": "r"})));
    assert_eq!(decoded(gate.permit(bearer(&token)).await.field("x-answer"))["sub"], "r");
}

#[tokio::test]
async fn the_client_is_told_and_the_upstreams_own_fields_of_these_names_are_not() {
    let gate = Company::with(json!({
        "downstream_headers": [{"header": "x-user", "path": ["sub"]}, {"header": "x-none", "path": ["none"]}],
        "downstream_access_token_header": "x-token:bearer",
    }))
    .await;
    let token = gate.bearer();
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.response("x-user"), Some("john"));
    assert_eq!(passed.response("x-token"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(passed.response("cache-control"), Some("no-store"));
    assert_eq!(passed.response("x-none"), None);
    let removed: Vec<&str> = passed.notes.response_removals.iter().map(http::HeaderName::as_str).collect();
    assert_eq!(removed, ["x-token", "x-user", "x-none"]);
    assert!(gate.chain.credential_names().contains(&"x-token".to_owned()), "loggers leave it out");
}

#[tokio::test]
async fn a_configured_field_may_have_the_name_of_one_that_says_who_calls() {
    let config = json!({"upstream_headers": [{"header": "X-Consumer-Username", "path": ["name"]}]});
    let gate = Company::beside(
        config,
        [("acl", json!({"deny": ["banned"], "always_use_authenticated_groups": true}))],
    )
    .await;
    let token = gate.provider.token(gate.now(), json!({"name": "jim"}));
    // No groups: acl forbids, but by then it has said anew who calls.
    assert_eq!(gate.refuse(bearer(&token)).await.code, "acl_forbidden");
    let config = json!({
        "upstream_headers": [{"header": "X-Consumer-Username", "path": ["name"]}],
        "authenticated_groups_claim": ["groups"],
    });
    let gate = Company::beside(config, [("acl", json!({"deny": ["banned"]}))]).await;
    let token = gate.provider.token(gate.now(), json!({"name": "jim", "groups": []}));
    let passed = gate.permit(bearer(&token).header("x-consumer-username", "forged")).await;
    assert_eq!(passed.field("x-consumer-username"), Some("jim"));
}

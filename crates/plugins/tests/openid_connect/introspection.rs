//! Tokens that only the provider can judge.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Call, Client, Gate, URL, merged};

fn strict(changes: Value) -> Value {
    Value::Object(merged(json!({"proof_of_possession_dpop": "strict"}), changes))
}

fn active(client: &Client) -> Value {
    json!({"active": true, "sub": "john", "token_type": "DPoP", "cnf": {"jkt": client.jkt()}})
}

#[tokio::test]
async fn an_opaque_token_is_bound_by_what_the_provider_says() {
    let (gate, client) = (Gate::strict().await, Client::new());
    gate.provider.answer("opaque", Answer::Json(active(&client)));
    let passed = gate.permit(gate.dpop(&client, "opaque")).await;
    assert_eq!(passed.field("authorization"), Some("Bearer opaque"));
    gate.refuse(gate.dpop(&Client::new(), "opaque")).await.is_dpop("proof_key_mismatch", "invalid_token");
    assert_eq!(gate.provider.calls("/introspect"), 1);
    assert_eq!(gate.provider.introspections(), ["token=opaque&token_type_hint=access_token"]);
    assert!(gate.provider.introspection_heads()[0].contains("authorization: basic z2f0zxdhetpzzwnyzxq="));
}

#[tokio::test]
async fn answers_that_do_not_say_active_refuse() {
    let (gate, client) = (Gate::strict().await, Client::new());
    for (token, answer, code) in [
        ("inactive", json!({"active": false}), "token_inactive"),
        ("silent", json!({"cnf": {"jkt": client.jkt()}}), "token_inactive"),
        ("text", json!({"active": "true", "cnf": {"jkt": client.jkt()}}), "token_inactive"),
        ("expired", json!({"active": true, "exp": gate.now() - 1}), "token_expired"),
        ("foreign", json!({"active": true, "iss": "https://other.example"}), "token_issuer"),
        ("text-cnf", json!({"active": true, "cnf": "{}"}), "token_cnf_not_object"),
        ("unbound", json!({"active": true}), "binding_not_dpop_bound"),
    ] {
        gate.provider.answer(token, Answer::Json(answer));
        gate.refuse(gate.dpop(&client, token)).await.is_dpop(code, "invalid_token");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_503_without_challenge() {
    let (gate, client) = (Gate::strict().await, Client::new());
    for (token, answer) in [
        ("a", Answer::Status(401, r#"{"error":"invalid_client"}"#)),
        ("b", Answer::Status(500, "{}")),
        ("c", Answer::Status(200, "not json")),
        ("d", Answer::Status(429, "{}")),
    ] {
        gate.provider.answer(token, answer);
        let refused = gate.refuse(gate.dpop(&client, token)).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.code);
        assert!(refused.code.starts_with("provider_"), "{}", refused.code);
        assert_eq!(refused.challenges(), Vec::<&str>::new());
        assert_eq!(refused.all("retry-after").len(), 1);
    }
}

#[tokio::test]
async fn one_call_serves_a_burst() {
    let (gate, client) = (Gate::strict().await, Client::new());
    gate.provider.answer("opaque", Answer::Json(active(&client)));
    let calls = (0..20).map(|_| gate.send(gate.dpop(&client, "opaque")));
    for outcome in futures_util::future::join_all(calls).await {
        outcome.passed();
    }
    assert_eq!(gate.provider.calls("/introspect"), 1);
}

#[tokio::test]
async fn without_a_cache_every_request_asks() {
    let (gate, client) = (Gate::with(strict(json!({"cache_introspection": false}))).await, Client::new());
    gate.provider.answer("opaque", Answer::Json(active(&client)));
    gate.permit(gate.dpop(&client, "opaque")).await;
    gate.permit(gate.dpop(&client, "opaque")).await;
    assert_eq!(gate.provider.calls("/introspect"), 2);
}

#[tokio::test]
async fn unknown_tokens_beyond_the_rate_are_429() {
    let (gate, client) = (Gate::with(strict(json!({"introspection_max_rate": 1}))).await, Client::new());
    gate.provider.answer("good", Answer::Json(active(&client)));
    gate.permit(gate.dpop(&client, "good")).await;
    let refused = gate.refuse(gate.dpop(&client, "other")).await;
    assert_eq!((refused.status, refused.code), (StatusCode::TOO_MANY_REQUESTS, "introspection_rate"));
    assert_eq!(refused.all("retry-after"), ["1"]);
    gate.permit(gate.dpop(&client, "good")).await;
}

#[tokio::test]
async fn a_jwt_is_asked_about_only_where_the_configuration_says() {
    let client = Client::new();
    let gate = Gate::strict().await;
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(gate.provider.calls("/introspect"), 0);

    let gate = Gate::with(strict(json!({"introspect_jwt_tokens": true}))).await;
    let token = gate.bound(&client);
    gate.refuse(gate.dpop(&client, &token)).await.is_dpop("token_inactive", "invalid_token");
    let other = gate.bound_with(&client, json!({"jti": "other"}));
    gate.provider.answer(&other, Answer::Json(active(&client)));
    gate.permit(gate.dpop(&client, &other)).await;
    let moved = gate.bound_with(&client, json!({"jti": "moved"}));
    gate.provider.answer(&moved, Answer::Json(active(&Client::new())));
    gate.refuse(gate.dpop(&client, &moved)).await;

    let gate = Gate::with(strict(json!({"auth_methods": ["introspection"]}))).await;
    let token = gate.bound(&client);
    gate.provider.answer(&token, Answer::Json(active(&client)));
    gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(gate.provider.calls("/jwks"), 0);
}

#[tokio::test]
async fn what_the_client_sends_along_goes_into_the_call() {
    let config = json!({
        "introspection_headers_client": ["x-tenant"],
        "introspection_post_args_client_headers": ["x-region"],
        "introspection_post_args_client": ["realm"],
        "introspection_headers_names": ["x-static"], "introspection_headers_values": ["s"],
        "introspection_post_args_names": ["audience"], "introspection_post_args_values": ["api"],
        "client_auth": ["client_secret_post"],
    });
    let gate = Gate::with(config).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    let call = Call::new(Method::POST, URL)
        .body("application/x-www-form-urlencoded", "realm=r1&other=x")
        .header("authorization", "Bearer opaque")
        .header("x-tenant", "t1")
        .header("x-region", "eu");
    let passed = gate.permit(call).await;
    assert_eq!(passed.body, "realm=r1&other=x");
    let (form, head) = (&gate.provider.introspections()[0], &gate.provider.introspection_heads()[0]);
    assert!(
        head.contains("x-tenant: t1") && head.contains("x-static: s") && !head.contains("authorization:"),
        "{head}"
    );
    for pair in ["client_id=gateway", "client_secret=secret", "x-region=eu", "realm=r1", "audience=api"] {
        assert!(form.split('&').any(|other| other == pair), "{form}");
    }
}

//! Several clients of one provider, and certificates that they show.

use http::{Method, StatusCode};
use keybound_model::PluginCatalog;
use keybound_plugins::contract::{Instance, Material, PluginFactory};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Call, Gate, URL, config};

fn two(changes: Value) -> Value {
    let mut config = json!({
        "client_id": ["one", "two"], "client_secret": ["first", "second"], "client_auth": ["client_secret_post"],
    });
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    config
}

fn bearer(url: &str) -> Call {
    Call::get(url).header("authorization", "Bearer opaque")
}

/// Which client asked last.
fn asked(gate: &Gate) -> String {
    let form = gate.provider.introspections().last().unwrap().clone();
    let pair = |name: &str| {
        let found = form_urlencoded::parse(form.as_bytes()).find(|(other, _)| other == name);
        found.map(|(_, value)| value.into_owned()).unwrap()
    };
    format!("{}:{}", pair("client_id"), pair("client_secret"))
}

#[tokio::test]
async fn a_request_chooses_its_client_by_header_query_or_body() {
    let gate = Gate::with(two(json!({"cache_introspection": false}))).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    let form = |body: &str| {
        Call::new(Method::POST, URL)
            .body("application/x-www-form-urlencoded", body)
            .header("authorization", "Bearer opaque")
    };
    for (call, client) in [
        (bearer(URL), "one:first"),
        (bearer(URL).header("client-id", "two"), "two:second"),
        (bearer(URL).header("x-client-id", "2"), "two:second"),
        (bearer(&format!("{URL}?client_id=two")), "two:second"),
        (bearer(&format!("{URL}?client_id=1")), "one:first"),
        (form("client_id=two&other=x"), "two:second"),
        (bearer(&format!("{URL}?client_id=two")).header("client-id", "one"), "one:first"),
        (bearer(&format!("{URL}?client_id=stranger")), "one:first"),
        (bearer(&format!("{URL}?client_id=0")), "one:first"),
        (bearer(&format!("{URL}?client_id=3")), "one:first"),
        (bearer(&format!("{URL}?Client_id=two")), "one:first"),
    ] {
        gate.permit(call).await;
        assert_eq!(asked(&gate), client);
    }
}

#[tokio::test]
async fn the_parameter_has_another_name_where_it_is_configured() {
    let gate = Gate::with(two(json!({"client_arg": "app", "cache_introspection": false}))).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    for (query, client) in
        [("app=two", "two:second"), ("client_id=two", "two:second"), ("app=one&client_id=two", "one:first")]
    {
        gate.permit(bearer(&format!("{URL}?{query}"))).await;
        assert_eq!(asked(&gate), client, "{query}");
    }
}

#[tokio::test]
async fn a_stranger_makes_no_more_answers_than_there_are_clients() {
    let gate = Gate::with(two(json!({}))).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    for name in 0..50 {
        gate.permit(bearer(&format!("{URL}?client_id={name}-{name}"))).await;
        gate.permit(bearer(&format!("{URL}?client_id=two"))).await;
    }
    assert_eq!(gate.provider.calls("/introspect"), 2);
}

#[tokio::test]
async fn a_contradiction_to_the_metadata_is_503_where_parameters_are_verified() {
    let gate =
        Gate::with(json!({"verify_parameters": true, "jwks_endpoint": "http://127.0.0.1:9/keys"})).await;
    let token = gate.bearer();
    let refused = gate.refuse(Call::get(URL).header("authorization", &format!("Bearer {token}"))).await;
    assert_eq!((refused.status, refused.code), (StatusCode::SERVICE_UNAVAILABLE, "provider_parameters"));
    assert_eq!(refused.challenges(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_named() {
    let gate = Gate::strict().await;
    let id = "7fca84d6-7d37-4a74-a7b0-93e576089a41";
    let given =
        config(&gate.provider, json!({"client_auth": ["tls_client_auth"], "tls_client_auth_cert_id": id}));
    let schema = &gate.registry.plugin("openid-connect").unwrap().config;
    let complete = schema.process(given.as_object().unwrap().clone()).unwrap();
    let instance = Instance {
        id: Uuid::from_u128(2),
        name: "openid-connect",
        config: &complete,
        material: &Material::default(),
    };
    let fault = gate.registry.build(&instance).err().unwrap().to_string();
    assert!(fault.ends_with(&format!("tls_client_auth_cert_id: there is no certificate {id}")), "{fault}");
}

#[tokio::test]
async fn keys_of_our_own_are_wanted_only_by_those_who_ask_with_them() {
    let gate = Gate::with(json!({"client_auth": ["private_key_jwt"], "auth_methods": ["bearer"]})).await;
    assert!(!gate.registry.own_keys().are_missing());
    let gate = Gate::with(json!({"client_auth": ["private_key_jwt"]})).await;
    assert!(gate.registry.own_keys().are_missing());
    gate.provider.answer("opaque", Answer::Json(json!({"active": true})));
    let refused = gate.refuse(bearer(URL)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::SERVICE_UNAVAILABLE, "provider_client_keys"));
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    assert_eq!(refused.all("retry-after"), ["1"]);
    assert_eq!(gate.provider.calls("/introspect"), 0);
}

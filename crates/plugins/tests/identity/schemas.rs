//! What the configuration of each plugin takes, and what it says to the rest.

use keybound_model::entity::PLUGINS;
use keybound_model::{Fresh, PluginCatalog};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::registry;

fn insert(name: &str, config: &Value) -> Result<Value, String> {
    let record = json!({"name": name, "config": config});
    let fresh = Fresh::new(Uuid::from_u128(1), 1);
    let (_, registry) = registry();
    PLUGINS
        .validate_insert(record.as_object().unwrap().clone(), fresh, &registry)
        .map(|record| record["config"].clone())
        .map_err(|errors| errors.message())
}

#[tokio::test]
async fn the_defaults_are_kongs() {
    for (name, given, complete) in [
        (
            "key-auth",
            json!({}),
            json!({
                "key_names": ["apikey"], "hide_credentials": false, "anonymous": null, "key_in_header": true,
                "key_in_query": true, "key_in_body": false, "run_on_preflight": true, "realm": null,
            }),
        ),
        ("basic-auth", json!({}), json!({"anonymous": null, "hide_credentials": false, "realm": "service"})),
        (
            "hmac-auth",
            json!({}),
            json!({
                "hide_credentials": false, "clock_skew": 300, "anonymous": null, "validate_request_body": false,
                "enforce_headers": [], "realm": null,
                "algorithms": ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"],
            }),
        ),
        (
            "acl",
            json!({"allow": ["a"]}),
            json!({
                "allow": ["a"], "deny": null, "hide_groups_header": false,
                "always_use_authenticated_groups": false, "include_consumer_groups": false,
            }),
        ),
        (
            "jwt",
            json!({}),
            json!({
                "uri_param_names": ["jwt"], "cookie_names": [], "key_claim_name": "iss", "secret_is_base64": false,
                "claims_to_verify": null, "anonymous": null, "run_on_preflight": true, "maximum_expiration": 0,
                "header_names": ["authorization"], "realm": null,
            }),
        ),
    ] {
        assert_eq!(insert(name, &given), Ok(complete), "{name}");
    }
}

#[tokio::test]
async fn order_and_version_are_kongs() {
    let (_, registry) = registry();
    for (name, priority, fields) in [
        (
            "key-auth",
            1250,
            "key_names hide_credentials anonymous key_in_header key_in_query key_in_body run_on_preflight realm",
        ),
        ("basic-auth", 1100, "anonymous hide_credentials realm"),
        (
            "hmac-auth",
            1030,
            "hide_credentials clock_skew anonymous validate_request_body enforce_headers algorithms realm",
        ),
        ("acl", 950, "allow deny hide_groups_header always_use_authenticated_groups include_consumer_groups"),
        (
            "jwt",
            1450,
            "uri_param_names cookie_names key_claim_name secret_is_base64 claims_to_verify anonymous run_on_preflight \
             maximum_expiration header_names realm",
        ),
    ] {
        let plugin = registry.plugin(name).unwrap();
        assert_eq!((plugin.priority, plugin.version), (priority, "3.9.1"));
        assert_eq!(plugin.protocols, ["grpc", "grpcs", "http", "https"]);
        assert_eq!(plugin.forbidden_scopes, ["consumer", "consumer_group"]);
        let names: Vec<&str> = plugin.config.fields.iter().map(|field| field.name).collect();
        assert_eq!(names.join(" "), fields);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_kongs_texts() {
    for (name, config, text) in [
        (
            "key-auth",
            json!({"key_names": ["a b"]}),
            "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
        ),
        ("key-auth", json!({"key_name": "x"}), "key_name: unknown field"),
        ("key-auth", json!({"realm": "a\nb"}), "realm: cannot be sent in a header field"),
        ("basic-auth", json!({"realm": "a\nb"}), "realm: cannot be sent in a header field"),
        ("acl", json!({}), "exactly one of these fields must be non-empty: 'config.allow', 'config.deny'"),
        ("acl", json!({}), "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"),
        (
            "acl",
            json!({"allow": ["a"], "deny": ["b"]}),
            "exactly one of these fields must be non-empty: 'config.allow', 'config.deny'",
        ),
        ("hmac-auth", json!({"clock_skew": 0}), "value must be greater than 0"),
        (
            "hmac-auth",
            json!({"algorithms": ["hmac-md5"]}),
            "expected one of: hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512",
        ),
        ("jwt", json!({"claims_to_verify": ["iat"]}), "expected one of: exp, nbf"),
        ("jwt", json!({"maximum_expiration": -1}), "value should be between 0 and 31536000"),
        (
            "jwt",
            json!({"maximum_expiration": 1}),
            "failed conditional validation given value of field 'config.maximum_expiration'",
        ),
        ("jwt", json!({"maximum_expiration": 1, "claims_to_verify": ["nbf"]}), "expected to contain: exp"),
        ("jwt", json!({"header_names": ["a b"]}), "bad header name 'a b'"),
    ] {
        let message = insert(name, &config).unwrap_err();
        assert!(message.contains(text), "{name} {config}: {message}");
    }
}

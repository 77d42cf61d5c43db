use keybound_model::Record;
use keybound_model::entity::Vault;
use keybound_model::schema::{Schema, array, map, record, string};
use keybound_model::vault::{resolve, resolve_text};
use serde_json::{Value, json};

use crate::catalog::object;

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "MY_SECRET" => "s3cret",
        "JSON" => r#"{"user": "u", "port": 5432, "deep": {}}"#,
        "APP_MY_SECRET" => "of the app",
        "MY_SECRET_PREVIOUS" => "the old one",
        _ => return None,
    };
    Some(value.to_owned())
}

fn vaults() -> Vec<Vault> {
    let vault = |prefix: &str, config: Value| Vault {
        prefix: prefix.to_owned(),
        name: "env".to_owned(),
        config: object(config),
    };
    vec![vault("app", json!({"prefix": "app_"})), vault("plain", json!({"prefix": null}))]
}

fn schema() -> Schema {
    Schema::new([
        ("secret", string().referenceable()),
        ("name", string()),
        ("secrets", array(string().referenceable())),
        ("headers", map(string(), string().referenceable())),
        ("redis", record([("password", string().referenceable())])),
    ])
}

fn resolved(config: Value) -> Result<Record, String> {
    resolve(&object(config), &schema(), &vaults(), &environment).map_err(|fault| fault.to_string())
}

#[test]
fn a_text_is_a_secret_where_it_is_a_reference() {
    let cases = [
        ("plain", "plain"),
        ("{vault://env/my-secret}", "s3cret"),
        ("{vault://env/MY_SECRET}", "s3cret"),
        ("{vault://env/json/user}", "u"),
        ("{vault://env/json/port}", "5432"),
        ("{vault://app/my-secret}", "of the app"),
        ("{vault://plain/my-secret}", "s3cret"),
        ("{vault://env/my-secret?prefix=APP_}", "of the app"),
        ("{vault://env/my-secret#2}", "the old one"),
    ];
    for (text, expected) in cases {
        assert_eq!(resolve_text(text, &vaults(), &environment).unwrap(), expected, "{text}");
    }
}

#[test]
fn references_are_replaced_wherever_a_field_may_have_them() {
    let reference = "{vault://env/my-secret}";
    let config = json!({"secret": reference, "name": reference, "secrets": ["a", reference], "headers": {"x": reference},
        "redis": {"password": reference}});
    let expected = json!({"secret": "s3cret", "name": reference, "secrets": ["a", "s3cret"], "headers": {"x": "s3cret"},
        "redis": {"password": "s3cret"}});
    assert_eq!(Value::Object(resolved(config).unwrap()), expected);
    assert_eq!(resolved(json!({"secret": null})).unwrap(), object(json!({"secret": null})));
}

#[test]
fn a_reference_that_leads_nowhere_names_its_place() {
    let cases = [
        (
            json!({"secret": "{vault://env/nope}"}),
            "secret: could not resolve reference {vault://env/nope}: unable to load value (nope) from vault (env): not found",
        ),
        (
            json!({"secrets": ["a", "{vault://nope/a}"]}),
            "secrets[2]: could not resolve reference {vault://nope/a}: could not find vault (nope)",
        ),
        (
            json!({"headers": {"x": "{vault://env/my-secret/user}"}}),
            "headers.x: could not resolve reference {vault://env/my-secret/user}: unable to json decode value (my-secret)",
        ),
        (
            json!({"redis": {"password": "{vault://env/json/deep}"}}),
            "redis.password: could not resolve reference {vault://env/json/deep}: subfield deep not found in JSON secret (json)",
        ),
        (
            json!({"secret": "{vault://env}"}),
            "secret: could not resolve reference {vault://env}: reference url is missing path [{vault://env}]",
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(resolved(config).unwrap_err(), expected);
    }
    let fault = resolve_text("{vault://env/nope}", &[], &environment).unwrap_err().to_string();
    assert_eq!(
        fault,
        "could not resolve reference {vault://env/nope}: unable to load value (nope) from vault (env): not found"
    );
}

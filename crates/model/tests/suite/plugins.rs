use keybound_model::entity::{PLUGINS, protocols_fit};
use keybound_model::{PluginCatalog, PluginInstance};
use serde_json::{Value, json};

use crate::catalog::{ID, NOW, catalog, fields, insert, message, object};

#[test]
fn a_minimal_plugin_comes_back_complete() {
    let record = insert(&PLUGINS, json!({"name": "demo-auth", "config": {"issuer": "https://idp"}})).unwrap();
    assert_eq!(
        Value::Object(record),
        json!({
            "id": ID.to_string(), "created_at": NOW, "updated_at": NOW, "name": "demo-auth", "instance_name": null,
            "route": null, "service": null, "consumer": null, "consumer_group": null,
            "protocols": ["grpc", "grpcs", "http", "https"], "enabled": true, "tags": null,
            "config": {
                "issuer": "https://idp", "modes": ["bearer", "session"], "timeout": 10000, "strict": false,
                "secrets": null, "labels": null, "later": null, "redis": {"host": "127.0.0.1", "port": 6379},
                "headers": null,
            },
        })
    );
}

#[test]
fn each_fault_is_named_in_kongs_words() {
    let with = |field: &str, value: Value| {
        let mut input = json!({"name": "demo-auth", "config": {"issuer": "https://idp"}});
        input["config"][field] = value;
        input
    };
    let id = ID.to_string();
    let cases = [
        (json!({}), "schema violation (name: required field missing)".to_owned()),
        (json!({"name": 1}), "schema violation (name: expected a string)".into()),
        (
            json!({"name": "foo", "enabled": 1}),
            "schema violation (name: plugin 'foo' not enabled; add it to the 'plugins' configuration property)".into(),
        ),
        (json!({"name": "demo-auth"}), "schema violation (config.issuer: required field missing)".into()),
        (json!({"name": "demo-auth", "config": 1}), "schema violation (config: expected a record)".into()),
        (
            json!({"name": "demo-auth", "config": {"issuer": "a"}, "consumer": {"id": id}}),
            "schema violation (consumer: value must be null)".into(),
        ),
        (
            json!({"name": "plain", "consumer": {"id": "x"}}),
            "schema violation (consumer.id: expected a valid UUID)".into(),
        ),
        (
            json!({"name": "plain", "protocols": ["tcp"]}),
            "schema violation (protocols.1: expected one of: grpc, grpcs, http, https)".into(),
        ),
        (with("garbage", json!(1)), "schema violation (config.garbage: unknown field)".into()),
        (with("later", json!(["x"])), "schema violation (config.later: 'later' is not supported by Keybound yet)".into()),
        (
            with("modes", json!(["bearer", "x"])),
            "schema violation (config.modes: {\n  [2] = \"expected one of: bearer, introspection, session\"\n})".into(),
        ),
        (
            with("modes", json!(["session"])),
            "schema violation (config.modes: {\n  \"'session' is not supported by Keybound yet\"\n})".into(),
        ),
        (
            with("redis", json!({"port": 70000})),
            "schema violation (config.redis: {\n  port = \"value should be between 0 and 65535\"\n})".into(),
        ),
        (with("labels", json!({"a": "b"})), "schema violation (config.labels: expected an integer)".into()),
        (
            with("secrets", json!(["{vault://env}"])),
            "schema violation (config.secrets: {\n  \"reference url is missing path [{vault://env}]\"\n})".into(),
        ),
        (
            with("strict", json!(true)),
            "2 schema violations (failed conditional validation given value of field 'config.strict'; \
             config.secrets: required field missing)"
                .into(),
        ),
        (
            with("issuer", json!("https://bad")),
            "2 schema violations (and so is the whole; config.issuer: is bad)".into(),
        ),
    ];
    for (input, text) in cases {
        assert_eq!(message(&PLUGINS, input.clone()), text, "{input}");
    }
}

#[test]
fn the_default_is_taken_even_where_its_values_are_not_supported() {
    for modes in
        [json!(["bearer", "session"]), json!(["session", "bearer"]), json!(null), json!(["introspection"])]
    {
        let input = json!({"name": "demo-auth", "config": {"issuer": "a", "modes": modes, "later": null}});
        assert!(insert(&PLUGINS, input).is_ok(), "{modes}");
    }
}

#[test]
fn an_old_name_stands_for_the_new_field() {
    let config = |value: Value| json!({"name": "demo-auth", "config": value});
    let record = insert(&PLUGINS, config(json!({"issuer": "a", "redis_host": "r"}))).unwrap();
    assert_eq!(record["config"]["redis"], json!({"host": "r", "port": 6379}));
    assert!(record["config"].get("redis_host").is_none());
    let both = insert(&PLUGINS, config(json!({"issuer": "a", "redis_host": "r", "redis": {"host": "r"}})));
    assert!(both.is_ok());
    assert_eq!(
        fields(&PLUGINS, config(json!({"issuer": "a", "redis_host": "r", "redis": {"host": "s"}}))),
        json!({"config": {"redis_host": "both deprecated and new field are used but their values mismatch: \
                                         redis_host = r vs redis.host = s"}})
    );
}

#[test]
fn a_plugin_serves_a_protocol_of_its_route_or_of_one_of_its_services_routes() {
    let plugin = object(json!({"protocols": ["https"]}));
    let http = object(json!({"protocols": ["http"]}));
    let https = object(json!({"protocols": ["http", "https"]}));
    assert_eq!(protocols_fit(&plugin, Some(&https), &[]), Ok(()));
    assert_eq!(protocols_fit(&plugin, None, &[]), Ok(()));
    assert_eq!(protocols_fit(&plugin, None, &[&http, &https]), Ok(()));
    assert_eq!(
        protocols_fit(&plugin, Some(&http), &[]).unwrap_err().message(),
        "schema violation (protocols: must match the associated route's protocols)"
    );
    assert_eq!(
        protocols_fit(&plugin, None, &[&http]).unwrap_err().message(),
        "schema violation (protocols: must match the protocols of at least one route pointing to this Plugin's service)"
    );
}

#[test]
fn the_typed_view_has_what_the_record_says() {
    let input = json!({"name": "demo-auth", "config": {"issuer": "a"}, "service": {"id": ID.to_string()}, "tags": ["t"]});
    let plugin = PluginInstance::try_from(&insert(&PLUGINS, input).unwrap()).unwrap();
    assert_eq!(
        (plugin.name.as_str(), plugin.service, plugin.route, plugin.consumer),
        ("demo-auth", Some(ID), None, None)
    );
    assert_eq!((plugin.tags, plugin.config["timeout"].clone()), (vec!["t".to_owned()], json!(10000)));
    assert_eq!(catalog().names(), ["demo-auth", "plain"]);
}

use keybound_model::entity::PLUGINS;
use keybound_model::{Errors, Fresh, PluginCatalog, Record};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::World;

#[tokio::test]
async fn plugins_run_in_kongs_order_and_have_kongs_fields_in_kongs_order() {
    let world = World::new();
    for (name, priority, fields) in [
        ("correlation-id", 100_001, "header_name generator echo_downstream"),
        (
            "cors",
            2000,
            "origins headers exposed_headers methods max_age credentials private_network preflight_continue allow_origin_absent",
        ),
        ("ip-restriction", 990, "allow deny status message"),
        (
            "rate-limiting",
            910,
            "second minute hour day month year limit_by header_name path policy fault_tolerant redis hide_client_headers error_code error_message sync_rate",
        ),
        ("request-transformer", 801, "http_method remove rename replace add append"),
        ("response-transformer", 800, "remove rename replace add append"),
        (
            "prometheus",
            13,
            "per_consumer status_code_metrics ai_metrics latency_metrics bandwidth_metrics upstream_health_metrics wasm_metrics",
        ),
        (
            "opentelemetry",
            14,
            "traces_endpoint logs_endpoint headers resource_attributes queue batch_span_count batch_flush_delay connect_timeout \
             send_timeout read_timeout http_response_header_for_traceid header_type sampling_rate sampling_strategy propagation",
        ),
        (
            "http-log",
            12,
            "http_endpoint method content_type timeout keepalive retry_count queue_size flush_timeout headers queue custom_fields_by_lua",
        ),
        (
            "mtls-auth",
            1600,
            "anonymous consumer_by ca_certificates cache_ttl skip_consumer_lookup allow_partial_chain \
             authenticated_group_by revocation_check_mode http_timeout cert_cache_ttl send_ca_dn default_consumer \
             http_proxy_host http_proxy_port https_proxy_host https_proxy_port ssl_verify",
        ),
        ("tls-handshake-modifier", 997, "tls_client_certificate"),
        ("request-termination", 2, "status_code message content_type body echo trigger"),
    ] {
        let plugin = world.registry.plugin(name).unwrap();
        let names: Vec<&str> = plugin.config.fields.iter().map(|field| field.name).collect();
        assert_eq!((plugin.priority, names.join(" ").as_str()), (priority, fields), "{name}");
    }
}

fn insert(world: &World, name: &str, config: &Value, protocols: &Value) -> Result<Record, Errors> {
    let record = json!({"name": name, "config": config, "protocols": protocols});
    let fresh = Fresh::new(Uuid::from_u128(1), 1);
    PLUGINS.validate_insert(record.as_object().unwrap().clone(), fresh, &world.registry)
}

#[tokio::test]
async fn what_is_wrong_across_fields_is_told_where_kong_tells_it() {
    let world = World::new();
    let periods = "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', \
                   'config.day', 'config.month', 'config.year'";
    let lists = "at least one of these fields must be non-empty: 'config.allow', 'config.deny'";
    let conditional = |field: &str| format!("failed conditional validation given value of field '{field}'");
    let missing = "required field missing";
    for (name, config, fields) in [
        ("rate-limiting", json!({}), json!({"@entity": [periods]})),
        (
            "rate-limiting",
            json!({"day": 1, "policy": "redis"}),
            json!({"@entity": [conditional("config.policy")], "config": {"redis": {"host": missing}}}),
        ),
        (
            "rate-limiting",
            json!({"day": 1, "limit_by": "header"}),
            json!({"@entity": [conditional("config.limit_by")], "config": {"header_name": missing}}),
        ),
        (
            "rate-limiting",
            json!({"second": 10, "hour": 5}),
            json!({"config": "The limit for hour(5.0) cannot be lower than the limit for second(10.0)"}),
        ),
        ("ip-restriction", json!({"allow": []}), json!({"@entity": [lists]})),
        (
            "request-termination",
            json!({"message": "a", "body": "b"}),
            json!({"config": "message cannot be used with content_type or body"}),
        ),
    ] {
        let fault = insert(&world, name, &config, &Value::Null).unwrap_err();
        assert_eq!(fault.to_json(), fields, "{name}");
    }
}

#[tokio::test]
async fn plugins_run_for_kongs_protocols() {
    let world = World::new();
    let http = json!(["grpc", "grpcs", "http", "https"]);
    let all = json!(["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"]);
    let log = json!({"http_endpoint": "http://log.example"});
    for (name, config, default) in [
        ("ip-restriction", json!({"deny": ["::1"]}), json!(["grpc", "grpcs", "http", "https", "tcp", "tls"])),
        ("http-log", log, http.clone()),
        ("prometheus", json!({}), http.clone()),
    ] {
        assert_eq!(insert(&world, name, &config, &Value::Null).unwrap()["protocols"], default, "{name}");
        assert_eq!(insert(&world, name, &config, &all).unwrap()["protocols"], all, "{name}");
        assert!(insert(&world, name, &config, &json!(["ws"])).is_err(), "{name}");
    }
    let refused = insert(&world, "rate-limiting", &json!({"day": 1}), &json!(["http", "tcp"])).unwrap_err();
    assert_eq!(refused.to_json(), json!({"protocols": [null, "expected one of: grpc, grpcs, http, https"]}));
}

#[tokio::test]
async fn lists_of_transformers_are_there_and_lua_is_refused_by_name() {
    let world = World::new();
    for name in ["request-transformer", "response-transformer"] {
        let schema = world.registry.plugin(name).unwrap().config.to_json();
        let headers = schema.pointer("/fields").and_then(Value::as_array).unwrap().iter();
        let remove = headers.filter_map(|field| field.get("remove")).next().unwrap();
        let lists = remove["fields"].as_array().unwrap();
        let all = lists.iter().flat_map(|list| list.as_object().unwrap().values());
        assert!(all.clone().all(|list| list["required"] == true && list["default"] == json!([])), "{name}");
    }
    for (fields, text) in [
        (json!({"a": "return 1"}), "'custom_fields_by_lua' is not supported by Keybound yet"),
        (json!({"a": ""}), "length must be at least 1"),
        (json!({"a": 1}), "expected a string"),
    ] {
        let config = json!({"http_endpoint": "http://log.example", "custom_fields_by_lua": fields});
        let fault = insert(&world, "http-log", &config, &Value::Null).unwrap_err().message();
        assert!(fault.contains(text), "{fault}");
    }
}

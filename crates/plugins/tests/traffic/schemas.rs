use keybound_model::PluginCatalog;

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
            "http-log",
            12,
            "http_endpoint method content_type timeout keepalive retry_count queue_size flush_timeout headers queue custom_fields_by_lua",
        ),
        ("request-termination", 2, "status_code message content_type body echo trigger"),
    ] {
        let plugin = world.registry.plugin(name).unwrap();
        let names: Vec<&str> = plugin.config.fields.iter().map(|field| field.name).collect();
        assert_eq!((plugin.priority, names.join(" ").as_str()), (priority, fields), "{name}");
    }
}

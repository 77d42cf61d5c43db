use std::time::Duration;

use http::{Method, StatusCode};
use keybound_model::Configuration;
use keybound_plugins::contract::{LogEntry, Plugin, UpstreamFacts};
use keybound_plugins::metrics::{Health, Node, TargetHealth, render};
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, scope};

pub(crate) fn entry() -> LogEntry {
    LogEntry {
        request_id: "0".repeat(32),
        latency: Duration::from_millis(40),
        method: Method::GET,
        path: "/a".to_owned(),
        peer: [127, 0, 0, 1].into(),
        client: [192, 0, 2, 1].into(),
        status: Some(StatusCode::OK),
        from_upstream: true,
        request_bytes: 100,
        response_bytes: 2000,
        scope: Some(scope().into()),
        consumer: None,
        credential: None,
        fault: None,
        trace: None,
        upstream: Some(UpstreamFacts {
            address: ([127, 0, 0, 1], 8080).into(),
            uri: "/up/a?access_token=s3cret".to_owned(),
            proxy_latency: 3,
            latency: 30,
        }),
        fields: None,
    }
}

fn text(world: &World, targets: &[TargetHealth]) -> String {
    let node = Node {
        id: "n1",
        version: "3.9.1",
        datastore_reachable: true,
        connections: None,
        requests: Some(5),
        targets,
    };
    render(&world.metrics, &node, &world.registry.figures(), |_| ())
}

/// Adds an entity with this name, and with what its view demands.
fn add(configuration: &mut Configuration, entity: &str, name: &str) {
    let all = json!({
        "id": Uuid::from_u128(name.bytes().map(u128::from).sum()),
        "created_at": 1, "name": name, "username": name, "custom_id": null, "tags": null,
        "protocol": "http", "host": "a", "port": 80, "path": null, "retries": 5, "connect_timeout": 1, "write_timeout": 1,
        "read_timeout": 1, "client_certificate": null, "enabled": true, "protocols": ["http"],
        "https_redirect_status_code": 426, "strip_path": true, "preserve_host": false, "request_buffering": true,
        "response_buffering": true, "service": null,
    });
    configuration.add(entity, all.as_object().unwrap()).unwrap();
}

fn log(plugin: &dyn Plugin, times: usize) {
    (0..times).for_each(|_| plugin.log(&entry()));
}

#[tokio::test]
async fn what_is_switched_on_is_counted_by_service_and_route() {
    let world = World::new();
    let config = json!({"status_code_metrics": true, "latency_metrics": true, "bandwidth_metrics": true});
    let plugin = world.build("prometheus", &config).unwrap();
    log(&*plugin, 3);
    let gone = LogEntry { status: None, from_upstream: false, upstream: None, ..entry() };
    plugin.log(&gone);
    let text = text(&world, &[]);
    for line in [
        "# TYPE kong_http_requests_total counter",
        r#"kong_http_requests_total{service="orders",route="all",code="200",source="service",workspace="default",consumer=""} 3"#,
        r#"kong_http_requests_total{service="orders",route="all",code="499",source="kong",workspace="default",consumer=""} 1"#,
        r#"kong_bandwidth_bytes{service="orders",route="all",direction="egress",workspace="default",consumer=""} 8000"#,
        r#"kong_bandwidth_bytes{service="orders",route="all",direction="ingress",workspace="default",consumer=""} 400"#,
        r#"kong_kong_latency_ms_bucket{service="orders",route="all",workspace="default",le="2"} 0"#,
        r#"kong_kong_latency_ms_bucket{service="orders",route="all",workspace="default",le="5"} 3"#,
        r#"kong_kong_latency_ms_count{service="orders",route="all",workspace="default"} 4"#,
        r#"kong_upstream_latency_ms_bucket{service="orders",route="all",workspace="default",le="25"} 0"#,
        r#"kong_upstream_latency_ms_sum{service="orders",route="all",workspace="default"} 90"#,
        r#"kong_request_latency_ms_bucket{service="orders",route="all",workspace="default",le="+Inf"} 4"#,
        r#"kong_request_latency_ms_sum{service="orders",route="all",workspace="default"} 160"#,
        "kong_datastore_reachable 1",
        r#"kong_node_info{node_id="n1",version="3.9.1"} 1"#,
        r#"kong_nginx_requests_total{node_id="n1",subsystem="http"} 5"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\nis not in\n{text}");
    }
}

#[tokio::test]
async fn what_is_not_switched_on_is_not_counted() {
    let world = World::new();
    log(&*world.build("prometheus", &json!({})).unwrap(), 1);
    let text = text(&world, &[]);
    assert!(!text.contains("orders"), "{text}");
}

#[tokio::test]
async fn the_health_of_targets_is_told_while_an_instance_wants_it() {
    let world = World::new();
    let target = TargetHealth {
        upstream: "up\"1".to_owned(),
        target: "a:80".to_owned(),
        address: "192.0.2.1:80".to_owned(),
        health: Health::Healthy,
    };
    let targets = [target];
    assert!(!text(&world, &targets).contains("upstream_target_health"));
    let plugin = world.build("prometheus", &json!({"upstream_health_metrics": true})).unwrap();
    let line = r#"kong_upstream_target_health{upstream="up\"1",target="a:80",address="192.0.2.1:80",state="healthy",subsystem="http"} 1"#;
    assert!(text(&world, &targets).contains(line));
    drop(plugin);
    assert!(!text(&world, &targets).contains("upstream_target_health"));
}

#[tokio::test]
async fn series_of_what_is_not_configured_any_more_are_forgotten() {
    let world = World::new();
    let plugin =
        world.build("prometheus", &json!({"status_code_metrics": true, "per_consumer": true})).unwrap();
    let mut configuration = Configuration::default();
    for (entity, name) in
        [("services", "orders"), ("routes", "all"), ("consumers", "alice"), ("consumers", "bob")]
    {
        add(&mut configuration, entity, name);
    }
    for consumer in &configuration.consumers {
        plugin.log(&LogEntry { consumer: Some(consumer.clone().into()), ..entry() });
    }
    plugin.log(&LogEntry { scope: None, ..entry() });
    let series =
        |text: &str| text.lines().filter(|line| line.starts_with("kong_http_requests_total{")).count();
    world.registry.configured(&configuration);
    assert_eq!(series(&text(&world, &[])), 3, "what is configured stays");

    configuration.consumers.retain(|consumer| consumer.username.as_deref() == Some("bob"));
    world.registry.configured(&configuration);
    let without_alice = text(&world, &[]);
    assert_eq!(series(&without_alice), 2);
    assert!(!without_alice.contains("alice") && without_alice.contains("bob"), "{without_alice}");

    configuration.routes.clear();
    world.registry.configured(&configuration);
    assert_eq!(series(&text(&world, &[])), 1, "what has no route stays");
}

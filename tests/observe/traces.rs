use keybound_suites::{Collector, Seen, Stage};
use serde_json::{Value, json};

use crate::add_plugin;

const ON: [(&str, &str); 2] = [("tracing_instrumentations", "all"), ("tracing_sampling_rate", "1")];
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn traced(settings: &[(&str, &str)], config: Value) -> (Stage, Collector) {
    let (stage, collector) = (Stage::start_with(settings, json!({})), Collector::start());
    let mut whole = json!({
        "traces_endpoint": format!("http://{}/v1/traces", collector.address),
        "queue": { "max_batch_size": 1, "max_coalescing_delay": 0 },
    });
    for (name, value) in config.as_object().unwrap() {
        whole[name] = value.clone();
    }
    add_plugin(&stage, "opentelemetry", &whole);
    (stage, collector)
}

fn traceparent(seen: &Seen) -> Vec<String> {
    seen.all("traceparent")[0].split('-').map(str::to_owned).collect()
}

#[test]
fn a_request_is_told_with_its_parts_and_the_upstream_knows_its_place() {
    let config = json!({
        "headers": { "x-key": "k" }, "resource_attributes": { "service.name": "edge", "region": "north" },
        "http_response_header_for_traceid": "X-Trace",
    });
    let (stage, collector) = traced(&ON, config);
    let request = stage
        .good()
        .target("/guarded?access=s3cret")
        .field("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
        .field("tracestate", "a=1,b=2");
    let answer = stage.send(&request);
    let seen = Seen::of(&answer);
    assert_eq!(answer.all("x-trace"), [TRACE]);
    let call = collector.next().unwrap();
    assert_eq!(call.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(
        (call.fields["content-type"].as_str(), call.fields["x-key"].as_str()),
        ("application/x-protobuf", "k")
    );
    assert_eq!((call.resource["service.name"].as_str(), call.resource["region"].as_str()), ("edge", "north"));
    assert!(call.resource.contains_key("service.instance.id") && call.scope == "keybound");

    let root = call.span("kong");
    assert_eq!((root.trace.as_str(), root.parent.as_str(), root.kind), (TRACE, PARENT, 2));
    assert_eq!(root.state, "a=1,b=2");
    assert_eq!(traceparent(&seen), ["00", TRACE, &root.id, "01"]);
    assert_eq!(seen.all("tracestate"), ["a=1,b=2"]);
    for (key, value) in [
        ("http.method", "GET"),
        ("http.status_code", "200"),
        ("kong.route", "guarded"),
        ("http.url", &stage.url(Stage::PATH)),
        ("kong.request.id", answer.all("x-kong-request-id")[0]),
    ] {
        assert_eq!(root.attributes.get(key).map(String::as_str), Some(value), "{key}: {root:?}");
    }
    let plugin = call.span("kong.access.plugin.openid-connect");
    let (token, proof) = (call.span("keybound.token"), call.span("keybound.proof"));
    let balancer = call.span("kong.balancer");
    assert_eq!((plugin.parent.as_str(), plugin.kind), (root.id.as_str(), 1));
    assert_eq!((token.parent.as_str(), proof.parent.as_str()), (plugin.id.as_str(), plugin.id.as_str()));
    // The metadata are fetched within the call for the keys.
    let provider = call.span("keybound.provider.keys");
    assert_eq!((provider.parent.as_str(), provider.kind), (token.id.as_str(), 3));
    assert_eq!((balancer.parent.as_str(), balancer.kind), (root.id.as_str(), 3));
    assert_eq!(balancer.attributes["net.peer.port"], stage.upstream.address.port().to_string());
    for span in &call.spans {
        assert!(
            span.start <= span.end && root.start <= span.start && span.end <= root.end,
            "{span:?} {root:?}"
        );
        assert_eq!(span.status, 0, "{span:?}");
    }
    let body = String::from_utf8_lossy(&call.body).into_owned();
    for secret in ["s3cret", &stage.client.token, request.token()] {
        assert!(!body.contains(secret), "a secret is told");
    }
}

#[test]
fn a_refusal_is_told_with_its_fault_and_a_new_trace_begins_where_the_clients_is_broken() {
    let (stage, collector) = traced(&ON, json!({}));
    let good = stage.good();
    stage.forwarded("first", &good, &stage.client.token);
    let first = collector.next().unwrap();
    assert!(first.span("kong").parent.is_empty());
    stage.refused("again", &good, "invalid_dpop_proof", "proof_replayed");
    let call = collector.next().unwrap();
    assert_ne!(call.span("kong").trace, first.span("kong").trace);
    assert_eq!(call.span("kong").attributes["keybound.fault"], "proof_replayed");
    assert_eq!(call.span("kong").status, 0, "the client's fault is no error of the server");
    let proof = call.span("keybound.proof");
    assert_eq!((proof.status, proof.message.as_str()), (2, "proof_replayed"));

    let broken = stage.good().field("traceparent", "00-ABC-1-01").field("tracestate", "a=1");
    let seen = stage.forwarded("broken", &broken, &stage.client.token);
    let call = collector.next().unwrap();
    assert_eq!(traceparent(&seen)[1], call.span("kong").trace);
    assert!(seen.all("tracestate").is_empty() && call.span("kong").state.is_empty());
}

#[test]
fn what_is_not_sampled_is_passed_on_as_such_and_told_nobody() {
    let (stage, collector) = traced(&ON, json!({}));
    let request = stage.good().field("traceparent", &format!("00-{TRACE}-{PARENT}-00"));
    let parent = traceparent(&stage.forwarded("unsampled", &request, &stage.client.token));
    assert_eq!((parent[1].as_str(), parent[3].as_str()), (TRACE, "00"));
    assert_ne!(parent[2], PARENT);
    stage.forwarded("sampled", &stage.good(), &stage.client.token);
    let call = collector.next().unwrap();
    assert_ne!(call.span("kong").trace, TRACE);
    assert!(collector.arrived().is_empty());
}

#[test]
fn without_instrumentations_contexts_pass_as_they_came_and_nobody_is_told() {
    let (stage, collector) = traced(&[], json!({ "sampling_rate": 1 }));
    let whole = format!("00-{TRACE}-{PARENT}-01");
    let request = stage.good().field("traceparent", &whole).field("tracestate", "a=1");
    let seen = stage.forwarded("passed on", &request, &stage.client.token);
    assert_eq!((seen.all("traceparent"), seen.all("tracestate")), (vec![whole.as_str()], vec!["a=1"]));
    let broken = stage.good().field("traceparent", "nonsense").field("tracestate", "a=1");
    let seen = stage.forwarded("broken", &broken, &stage.client.token);
    assert!(seen.all("traceparent").is_empty() && seen.all("tracestate").is_empty());
    assert!(collector.arrived().is_empty());
    assert!(
        stage.gateway.log_with("tracing_instrumentations is off").contains("tracing_instrumentations is off")
    );
}

#[test]
fn what_is_not_acted_on_is_refused_by_name() {
    let stage = Stage::start(json!({}));
    for (config, text) in [
        (json!({}), "at least one of these fields must be non-empty"),
        (json!({ "traces_endpoint": "http://a/", "logs_endpoint": "http://a/" }), "not supported"),
        (json!({ "traces_endpoint": "http://a/", "header_type": "b3" }), "not supported"),
        (
            json!({ "traces_endpoint": "http://a/", "propagation": { "default_format": "w3c", "inject": ["jaeger"] } }),
            "not supported",
        ),
        (json!({ "traces_endpoint": "http://a/", "sampling_rate": 2 }), "value should be between 0 and 1"),
    ] {
        let answer =
            stage.gateway.admin.post("/plugins", &json!({ "name": "opentelemetry", "config": config }));
        assert_eq!(answer.status, 400, "{config}: {answer:?}");
        assert!(answer.body.contains(text), "{config}: {}", answer.body);
    }
    let old = stage.gateway.admin.post(
        "/plugins",
        &json!({ "name": "opentelemetry", "config": { "endpoint": "http://127.0.0.1:1/" } }),
    );
    assert_eq!(old.status, 201, "{old:?}");
    let made: Value = serde_json::from_str(&old.body).unwrap();
    assert_eq!(made["config"]["traces_endpoint"], "http://127.0.0.1:1/");
}

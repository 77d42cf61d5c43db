use std::collections::BTreeMap;

use keybound_suites::{Family, Stage, exposition};
use serde_json::json;

use crate::{STATUS, count_everything, get, traffic};

/// What is told once no request is under way: a request ends a little after its answer.
fn families(stage: &Stage) -> BTreeMap<String, Family> {
    for _ in 0..1000 {
        let answer = get(stage.gateway.status.unwrap(), "/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        let families = exposition(&answer.body);
        if sum(&families, "keybound_worker_requests_in_flight", &[]) < 0.5 {
            return families;
        }
    }
    panic!("a request does not end");
}

/// The sum of the samples that have these labels.
fn sum(families: &BTreeMap<String, Family>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let family = families.get(name).unwrap_or_else(|| panic!("no family {name}"));
    let has = |sample: &&keybound_suites::Sample| {
        labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|found| found == value))
    };
    let found: Vec<f64> = family.samples.iter().filter(has).map(|sample| sample.value).collect();
    assert!(!found.is_empty(), "no sample of {name} with {labels:?}: {family:?}");
    found.iter().sum()
}

#[test]
#[allow(clippy::float_cmp, reason = "counts are whole numbers")]
fn everything_that_happens_is_counted_and_the_whole_text_is_in_order() {
    let stage = Stage::start_with(&[STATUS], json!({ "dpop_use_nonce": false }));
    count_everything(&stage);
    traffic(&stage);
    let families = families(&stage);
    for (name, labels, value) in [
        (
            "kong_http_requests_total",
            &[("code", "200"), ("source", "service"), ("route", "guarded")][..],
            3.0,
        ),
        ("kong_http_requests_total", &[("code", "401"), ("source", "kong"), ("service", "guarded")], 1.0),
        ("kong_nginx_requests_total", &[("subsystem", "http")], 5.0),
        ("kong_datastore_reachable", &[], 1.0),
        ("keybound_faults_total", &[("code", "proof_replayed")], 1.0),
        ("keybound_faults_total", &[("code", "route_none")], 1.0),
        ("keybound_binding_passed_total", &[("binding", "dpop"), ("client", "suite")], 3.0),
        ("keybound_binding_refused_total", &[("code", "proof_replayed")], 1.0),
        ("keybound_replay_checks_total", &[("result", "recorded")], 3.0),
        ("keybound_replay_checks_total", &[("result", "replayed")], 1.0),
        ("keybound_replay_records", &[], 3.0),
        ("keybound_cache_lookups_total", &[("cache", "token"), ("result", "hit")], 3.0),
        ("keybound_cache_lookups_total", &[("cache", "token"), ("result", "miss")], 1.0),
        ("keybound_cache_lookups_total", &[("cache", "proof_key"), ("result", "miss")], 1.0),
        ("keybound_signature_checks_total", &[("of", "proof")], 4.0),
        ("keybound_signature_checks_total", &[("of", "token")], 1.0),
        ("keybound_provider_calls_total", &[("call", "metadata"), ("result", "ok")], 1.0),
        ("keybound_provider_calls_total", &[("call", "keys"), ("result", "ok")], 1.0),
        ("keybound_provider_failing", &[("issuer", &stage.provider.issuer)], 0.0),
        ("keybound_worker_requests_total", &[], 5.0),
        ("keybound_worker_requests_in_flight", &[], 0.0),
        ("keybound_configuration_up_to_date", &[], 1.0),
    ] {
        assert_eq!(sum(&families, name, labels), value, "{name} {labels:?}");
    }
    for (name, labels) in [
        ("kong_bandwidth_bytes", &[("direction", "egress")][..]),
        ("kong_nginx_connections_total", &[("state", "accepted")]),
        ("keybound_configuration_loads_total", &[("result", "ok")]),
        ("keybound_replay_bytes", &[]),
        ("keybound_log_lines_total", &[("log", "/dev/stderr")]),
        ("process_cpu_seconds_total", &[]),
        ("process_resident_memory_bytes", &[]),
        ("process_open_fds", &[]),
        ("process_start_time_seconds", &[]),
    ] {
        assert!(sum(&families, name, labels) > 0.0, "{name} {labels:?}");
    }
    let whole = &families["kong_request_latency_ms"];
    assert!(whole.samples.iter().any(|sample| sample.labels.get("le").is_some_and(|bound| bound == "+Inf")));
}

#[test]
#[allow(clippy::float_cmp, reason = "counts are whole numbers")]
fn nonces_are_counted_by_what_happened_to_them() {
    let stage = Stage::start_with(&[STATUS], json!({ "dpop_use_nonce": true }));
    let refused = stage.refused("without", &stage.good(), "use_dpop_nonce", "proof_nonce_missing");
    let nonce = refused.all("dpop-nonce")[0].to_owned();
    let good = stage.differing(json!({}), json!({ "nonce": nonce }));
    stage.forwarded("with", &good, &stage.client.token);
    let foreign = stage.differing(json!({}), json!({ "nonce": "not-ours" }));
    stage.refused("another's", &foreign, "use_dpop_nonce", "proof_nonce_invalid");
    let families = families(&stage);
    for (event, count) in [("missing", 1.0), ("accepted", 1.0), ("stale", 1.0), ("issued", 2.0)] {
        assert_eq!(sum(&families, "keybound_nonces_total", &[("event", event)]), count, "{event}");
    }
}

#[test]
fn strangers_make_no_series() {
    let stage = Stage::start_with(&[STATUS], json!({}));
    count_everything(&stage);
    traffic(&stage);
    let series = || families(&stage).values().map(|family| family.samples.len()).sum::<usize>();
    let before = series();
    for number in 0..40 {
        let strange = stage
            .bare("GET", &format!("/strange-{number}?a={number}"))
            .field("User-Agent", &format!("agent-{number}"))
            .field("X-Forwarded-Host", &format!("host-{number}.example"));
        assert_eq!(stage.send(&strange).status, 404);
        let odd = stage.bare(&format!("M{number}"), Stage::PATH).field("Authorization", "DPoP x");
        assert!(stage.send(&odd).status >= 400);
    }
    // The first refusal of each kind makes one; no number of them makes more.
    assert!(series() <= before + 4, "{} series before, {} after", before, series());
}

#[test]
fn a_route_that_is_gone_has_no_series_any_more() {
    let stage = Stage::start_with(&[STATUS], json!({}));
    count_everything(&stage);
    traffic(&stage);
    let of_route = |families: &BTreeMap<String, Family>| {
        let samples = families.values().flat_map(|family| &family.samples);
        samples.filter(|sample| sample.labels.get("route").is_some_and(|route| route == "guarded")).count()
    };
    assert!(of_route(&families(&stage)) > 0);
    assert_eq!(stage.gateway.admin.delete("/routes/guarded").status, 204);
    assert_eq!(of_route(&families(&stage)), 0);
}

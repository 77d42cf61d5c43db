use std::collections::BTreeMap;

use keybound_suites::{Gateway, Mode, Target};
use serde_json::{Value, json};

use crate::{
    alike, balanced, balancer_health, counted, created, gateway, get, health, refusing, shares, until,
};

/// Probes every tenth of a second; one look decides.
fn probes(more: Value) -> Value {
    let mut active = json!({
        "http_path": Target::PROBE, "timeout": 10,
        "healthy": { "interval": 0.1, "successes": 1 },
        "unhealthy": { "interval": 0.1, "http_failures": 1, "tcp_failures": 1, "timeouts": 1 },
    });
    active.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "healthchecks": { "active": active } })
}

fn is(gateway: &Gateway, name: &str, target: &str, wanted: &str) -> bool {
    health(gateway, name).get(target).is_some_and(|health| health == wanted)
}

#[test]
fn a_target_that_fails_its_probes_goes_out_and_comes_back() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    let headers = json!({ "headers": { "X-Probe": ["a", "b"] } });
    balanced(gateway, "active", probes(headers), &alike(&[&one, &two]));
    let second = two.address.to_string();
    until("it is probed", || two.probes() > 0);
    assert_eq!(shares(gateway, "/active", 4), counted(&[("one", 2), ("two", 2)]));
    let mut probe = two.last_probe();
    probe.sort();
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        field("connection", "close"),
        field("host", &second),
        field("line", "GET /probe HTTP/1.0"),
        field("user-agent", "keybound/healthcheck"),
        field("x-probe", "a"),
        field("x-probe", "b"),
    ];
    assert_eq!(probe, expected);
    for mode in [Mode::Status(503), Mode::Closing] {
        two.answer(mode);
        until("it is out", || is(gateway, "active", &second, "UNHEALTHY"));
        let before = two.requests();
        assert_eq!(shares(gateway, "/active", 6), counted(&[("one", 6)]));
        assert_eq!(two.requests(), before);
        two.answer(Mode::Well);
        until("it is back", || is(gateway, "active", &second, "HEALTHY"));
        assert_eq!(shares(gateway, "/active", 4), counted(&[("one", 2), ("two", 2)]));
    }
    let status = gateway.log_with("a target is healthy again");
    assert!(status.contains("a target is unhealthy") && status.contains("a target is healthy again"));
}

#[test]
fn a_status_that_is_in_no_list_says_nothing() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "neutral", probes(json!({})), &alike(&[&one, &two]));
    one.answer(Mode::Status(418));
    let before = one.probes();
    until("it is probed again", || one.probes() > before + 2);
    assert!(is(gateway, "neutral", &one.address.to_string(), "HEALTHY"));
}

#[test]
fn a_target_that_refuses_connections_goes_out_by_tcp_probes() {
    let gateway = gateway();
    let one = Target::start("one");
    let dead = refusing();
    let mut targets = alike(&[&one]);
    targets.push((dead.clone(), 100));
    balanced(gateway, "tcp", probes(json!({ "type": "tcp" })), &targets);
    until("it is out", || is(gateway, "tcp", &dead, "UNHEALTHY"));
    assert_eq!(shares(gateway, "/tcp", 4), counted(&[("one", 4)]));
    assert_eq!((one.probes(), one.requests()), (0, 4), "a connection is enough");
}

#[test]
fn a_probe_that_waits_too_long_is_a_timeout() {
    let gateway = gateway();
    let one = Target::start("one");
    one.answer(Mode::Silent);
    let active = probes(json!({
        "timeout": 0.2,
        "unhealthy": { "interval": 0.1, "http_failures": 0, "tcp_failures": 0, "timeouts": 1 },
    }));
    balanced(gateway, "slow", active, &alike(&[&one]));
    until("it is out", || is(gateway, "slow", &one.address.to_string(), "UNHEALTHY"));
    let refused = get(gateway, "/slow");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("failure to get a peer from the ring-balancer"), "{refused:?}");
    assert_eq!(balancer_health(gateway, "slow")["health"], "UNHEALTHY");
}

#[test]
fn below_the_threshold_the_upstream_answers_503_until_enough_are_back() {
    let gateway = gateway();
    let all = [Target::start("one"), Target::start("two"), Target::start("three")];
    let mut fields = probes(json!({}));
    fields["healthchecks"]["threshold"] = json!(50.5);
    balanced(gateway, "threshold", fields, &alike(&all.each_ref()));
    let whole = |health: &'static str| move || balancer_health(gateway, "threshold")["health"] == health;
    all[0].answer(Mode::Status(500));
    until("one is out", || is(gateway, "threshold", &all[0].address.to_string(), "UNHEALTHY"));
    assert_eq!(get(gateway, "/threshold").status, 200, "66 percent are left");
    all[1].answer(Mode::Status(500));
    until("the upstream is out", whole("UNHEALTHY"));
    let refused = get(gateway, "/threshold");
    assert_eq!((refused.status, refused.challenges().len()), (503, 0), "{refused:?}");
    assert!(refused.body.contains("failure to get a peer from the ring-balancer"), "{refused:?}");
    let weight = json!({ "total": 300, "available": 100, "unavailable": 200 });
    assert_eq!(balancer_health(gateway, "threshold")["details"]["weight"], weight);
    all[1].answer(Mode::Well);
    until("the upstream is back", whole("HEALTHY"));
    assert_eq!(get(gateway, "/threshold").status, 200);
}

#[test]
fn how_a_target_is_outlives_a_change_of_the_configuration() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    one.answer(Mode::Status(500));
    // Once out, nothing looks at it again.
    let once = probes(json!({ "unhealthy": { "interval": 0, "http_failures": 1 } }));
    balanced(gateway, "outliving", once, &alike(&[&one, &two]));
    until("it is out", || is(gateway, "outliving", &one.address.to_string(), "UNHEALTHY"));
    one.answer(Mode::Well);
    let third = Target::start("three");
    created(gateway, "/upstreams/outliving/targets", &json!({ "target": third.address.to_string() }));
    created(gateway, "/upstreams", &json!({ "name": "another" }));
    assert_eq!(shares(gateway, "/outliving", 6), counted(&[("three", 3), ("two", 3)]));
    let expected: BTreeMap<_, _> = [(&one, "UNHEALTHY"), (&two, "HEALTHY"), (&third, "HEALTHY")]
        .map(|(target, health)| (target.address.to_string(), health.to_owned()))
        .into();
    assert_eq!(health(gateway, "outliving"), expected);
}

#[test]
fn without_checks_nobody_looks() {
    let gateway = gateway();
    let one = Target::start("one");
    balanced(gateway, "unchecked", json!({}), &alike(&[&one]));
    assert!(is(gateway, "unchecked", &one.address.to_string(), "HEALTHCHECKS_OFF"));
    assert_eq!(balancer_health(gateway, "unchecked")["health"], "HEALTHCHECKS_OFF");
    assert_eq!(one.probes(), 0);
}

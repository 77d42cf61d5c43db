use keybound_suites::{Answer, Target};
use serde_json::{Value, json};

use crate::{admin, alike, balanced, balancer_health, counted, created, gateway, health, shares};

/// Checks that never find anything: only what is said counts.
fn by_hand() -> Value {
    json!({ "healthchecks": { "passive": { "unhealthy": { "http_failures": 200 } } } })
}

#[test]
fn a_target_is_marked_and_the_metrics_and_the_admin_api_follow() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "marked", by_hand(), &alike(&[&one, &two]));
    let config = json!({ "upstream_health_metrics": true });
    created(gateway, "/plugins", &json!({ "name": "prometheus", "config": config }));
    let first = one.address.to_string();
    let put = |tail: &str| admin(gateway, "PUT", &format!("/upstreams/marked/targets/{first}/{tail}"));
    let told = |state: &str| {
        let request = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let text = Answer::to(gateway.status.unwrap(), request).body;
        let line = format!(
            "kong_upstream_target_health{{upstream=\"marked\",target=\"{first}\",address=\"{first}\",\
             state=\"{state}\",subsystem=\"http\"}} 1"
        );
        assert!(text.contains(&line), "{line}\n{text}");
    };
    assert_eq!(shares(gateway, "/marked", 4), counted(&[("one", 2), ("two", 2)]));
    told("healthy");
    for (bad, good) in
        [("unhealthy", "healthy"), (&format!("{first}/unhealthy"), &format!("{first}/healthy"))]
    {
        assert_eq!(put(bad).status, 204);
        assert_eq!(shares(gateway, "/marked", 4), counted(&[("two", 4)]));
        assert_eq!(health(gateway, "marked")[&first], "UNHEALTHY");
        told("unhealthy");
        assert_eq!(put(good).status, 204);
        assert_eq!(health(gateway, "marked")[&first], "HEALTHY");
        assert_eq!(shares(gateway, "/marked", 4), counted(&[("one", 2), ("two", 2)]));
    }
    let refused = put("10.9.9.9:80/unhealthy");
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.body.contains("no address '10.9.9.9:80'"), "{refused:?}");
    let missing = admin(gateway, "PUT", "/upstreams/marked/targets/10.9.9.9:80/unhealthy");
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[test]
fn a_target_without_an_address_is_a_dns_error_and_has_no_weight() {
    let gateway = gateway();
    let one = Target::start("one");
    let mut targets = alike(&[&one]);
    targets.push(("nowhere.invalid:80".to_owned(), 100));
    balanced(gateway, "unresolved", by_hand(), &targets);
    assert_eq!(shares(gateway, "/unresolved", 2), counted(&[("one", 2)]));
    assert_eq!(health(gateway, "unresolved")["nowhere.invalid:80"], "DNS_ERROR");
    let weight = json!({ "total": 100, "available": 100, "unavailable": 0 });
    let whole = balancer_health(gateway, "unresolved");
    assert_eq!((&whole["health"], &whole["details"]["weight"]), (&json!("HEALTHY"), &weight));
}

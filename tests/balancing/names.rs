use keybound_suites::dns::{A, AAAA, Mood, NameServer, SRV};
use keybound_suites::{Gateway, Seen, Target, Upstream};
use serde_json::json;

use crate::{admin, balanced, counted, get, health, served, shares, until};

fn asking(server: &NameServer, more: &[(&str, &str)]) -> Gateway {
    let address = server.address.to_string();
    let mut settings = vec![("dns_resolver", address.as_str())];
    settings.extend(more);
    Gateway::start(&settings)
}

/// Two targets on one port, at 127.0.0.1 and 127.0.0.2.
fn port(target: &Target) -> u16 {
    target.address.port()
}

#[test]
fn a_service_follows_its_name_by_the_records_time_and_asks_once_for_all() {
    let (server, one, two) = (NameServer::start(), Target::start("one"), Target::start("two"));
    let service = |target: &Target| [(1, 1, port(target), "host.suite.test")];
    server.addresses("host.suite.test", 1, &["127.0.0.1"]);
    server.services("api.suite.test", 1, &service(&one));
    let gateway = asking(&server, &[]);
    served(&gateway, "followed", json!({ "host": "api.suite.test", "port": 9 }));
    assert_eq!(shares(&gateway, "/followed", 20), counted(&[("one", 20)]));
    assert!(server.asked("api.suite.test", SRV) < 10, "answers are kept");
    assert_eq!(server.asked("api.suite.test", A), 0, "there were SRV records");
    server.services("api.suite.test", 1, &service(&two));
    until("it follows", || get(&gateway, "/followed").body == "two");
    // No answer is worse than an old one.
    server.be(Mood::Failing);
    let before = server.asked("api.suite.test", SRV);
    until("it is asked again", || {
        assert_eq!(get(&gateway, "/followed").body, "two");
        server.asked("api.suite.test", SRV) > before + 1
    });
    server.be(Mood::Willing);
    server.remove("api.suite.test");
    until("the name is gone", || get(&gateway, "/followed").status == 503);
    let refused = get(&gateway, "/followed");
    assert!(refused.body.contains("name resolution failed"), "{refused:?}");
}

#[test]
fn targets_come_and_go_with_the_records_of_their_name() {
    let (server, one, two) = (NameServer::start(), Target::start("one"), Target::start("two"));
    server.addresses("host.suite.test", 60, &["127.0.0.1"]);
    let record = |weight, target| (1, weight, port(target), "host.suite.test");
    server.services(
        "pool.suite.test",
        1,
        &[record(30, &one), record(10, &two), (9, 99, 9, "host.suite.test")],
    );
    let gateway = asking(&server, &[]);
    balanced(&gateway, "pooled", json!({}), &[("pool.suite.test:80".to_owned(), 100)]);
    assert_eq!(shares(&gateway, "/pooled", 8), counted(&[("one", 6), ("two", 2)]));
    let answer = admin(&gateway, "GET", "/upstreams/pooled/health");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let data = &body["data"][0]["data"];
    assert_eq!(data["addresses"].as_array().unwrap().len(), 2, "the better priority alone: {body}");
    assert_eq!(data["weight"]["total"], 40, "the records weigh: {body}");
    server.services("pool.suite.test", 1, &[record(0, &two)]);
    until("one is gone", || shares(&gateway, "/pooled", 4) == counted(&[("two", 4)]));
    server.remove("pool.suite.test");
    until("all are gone", || health(&gateway, "pooled")["pool.suite.test:80"] == "DNS_ERROR");
    let refused = get(&gateway, "/pooled");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("failure to get a peer from the ring-balancer"), "{refused:?}");
}

#[test]
fn whoever_waits_for_a_name_waits_for_one_query() {
    let (server, one) = (NameServer::start(), Target::start("one"));
    server.addresses("host.suite.test", 60, &["127.0.0.1"]);
    let gateway = asking(&server, &[]);
    served(&gateway, "many", json!({ "host": "host.suite.test", "port": port(&one) }));
    std::thread::scope(|scope| {
        let asks: Vec<_> = (0..16).map(|_| scope.spawn(|| get(&gateway, "/many").body)).collect();
        asks.into_iter().for_each(|ask| assert_eq!(ask.join().unwrap(), "one"));
    });
    assert_eq!((server.asked("host.suite.test", SRV), server.asked("host.suite.test", A)), (1, 1));
}

#[test]
fn the_host_is_that_of_the_record_where_the_upstream_says_so() {
    let (server, echo) = (NameServer::start(), Upstream::start());
    server.addresses("shown.suite.test", 60, &["127.0.0.1"]);
    server.services("named.suite.test", 60, &[(1, 1, echo.address.port(), "shown.suite.test")]);
    let gateway = asking(&server, &[]);
    let target = [("named.suite.test:80".to_owned(), 100)];
    balanced(&gateway, "plain", json!({}), &target);
    balanced(&gateway, "srv", json!({ "use_srv_name": true }), &target);
    let host = |path| Seen::of(&get(&gateway, path)).all("host").join(",");
    assert_eq!(host("/plain"), format!("named.suite.test:{}", echo.address.port()));
    assert_eq!(host("/srv"), format!("shown.suite.test:{}", echo.address.port()));
}

#[test]
fn addresses_of_both_versions_are_found_in_the_order_that_is_set() {
    let (server, one) = (NameServer::start(), Target::start("one"));
    server.addresses("v4.suite.test", 60, &["127.0.0.1"]);
    server.addresses("v6.suite.test", 60, &["::1"]);
    let gateway = asking(&server, &[("dns_order", "LAST,AAAA,A")]);
    served(&gateway, "four", json!({ "host": "v4.suite.test", "port": port(&one) }));
    assert_eq!(get(&gateway, "/four").body, "one");
    let asked = |kind| server.asked("v4.suite.test", kind);
    assert_eq!((asked(AAAA), asked(A), asked(SRV)), (1, 1, 0));
    served(&gateway, "six", json!({ "host": "v6.suite.test", "port": port(&one), "retries": 0 }));
    // Nobody listens there on version 6: that it is tried is enough.
    assert_eq!(get(&gateway, "/six").status, 502);
    assert_eq!((server.asked("v6.suite.test", AAAA), server.asked("v6.suite.test", A)), (1, 0));
}

#[test]
fn a_hosts_file_needs_no_server() {
    let (server, one) = (NameServer::start(), Target::start("one"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts");
    std::fs::write(&file, "127.0.0.1 written.suite.test # here\n").unwrap();
    let gateway = asking(&server, &[("dns_hostsfile", file.to_str().unwrap())]);
    served(&gateway, "written", json!({ "host": "Written.suite.test", "port": port(&one) }));
    assert_eq!(get(&gateway, "/written").body, "one");
    assert_eq!(server.asked("written.suite.test", A) + server.asked("written.suite.test", SRV), 0);
}

#[test]
fn the_new_client_takes_its_own_settings() {
    let (old, new) = (NameServer::start(), NameServer::start());
    let one = Target::start("one");
    new.addresses("host.suite.test", 60, &["127.0.0.1"]);
    new.services("_http._tcp.suite.test", 60, &[(1, 1, port(&one), "host.suite.test")]);
    let address = new.address.to_string();
    let gateway = asking(&old, &[("new_dns_client", "on"), ("resolver_address", &address)]);
    served(&gateway, "host", json!({ "host": "host.suite.test", "port": port(&one) }));
    balanced(&gateway, "service", json!({}), &[("_http._tcp.suite.test:80".to_owned(), 100)]);
    assert_eq!((get(&gateway, "/host").body, get(&gateway, "/service").body), ("one".into(), "one".into()));
    assert_eq!(new.asked("host.suite.test", SRV), 0, "only names with an underscore are asked for it");
    assert_eq!(old.asked("host.suite.test", A), 0);
}

#[test]
fn a_silent_server_keeps_only_those_waiting_who_need_its_first_answer() {
    let (server, one) = (NameServer::start(), Target::start("one"));
    server.be(Mood::Silent);
    let gateway = asking(&server, &[]);
    let targets = [(one.address.to_string(), 100), ("lost.suite.test:80".to_owned(), 100)];
    balanced(&gateway, "beside", json!({}), &targets);
    assert_eq!(shares(&gateway, "/beside", 4), counted(&[("one", 4)]));
    assert_eq!(health(&gateway, "beside")["lost.suite.test:80"], "DNS_ERROR");
}

#[test]
fn settings_that_lead_nowhere_are_refused() {
    for (name, value, text) in [
        ("dns_resolver", "dns.test", "'dns.test' is not an address of a name server"),
        ("dns_order", "LAST,CNAME", "one of SRV, A and AAAA is needed"),
        ("dns_order", "MX", "'MX' is none of LAST, SRV, A, AAAA, CNAME"),
        ("dns_valid_ttl", "0", "'0' is not a whole number of 1"),
    ] {
        let log = Gateway::try_start(&[(name, value)]).err().unwrap();
        assert!(log.contains(text) && log.contains(name), "{log}");
    }
}

//! Services whose host is the name of an upstream.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use keybound_model::entity::{Algorithm, HashOn, Healthchecks, Target, Upstream as UpstreamEntity};
use keybound_model::{Configuration, Route, Service};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::lab::{Answer, Lab, Plugins, Step, Upstream, route, service};

pub(crate) fn upstream(name: &str) -> UpstreamEntity {
    UpstreamEntity {
        id: Uuid::from_u128(20),
        name: name.into(),
        algorithm: Algorithm::RoundRobin,
        hash_on: HashOn::None,
        hash_fallback: HashOn::None,
        hash_on_header: None,
        hash_fallback_header: None,
        hash_on_cookie: None,
        hash_on_cookie_path: Some("/".into()),
        hash_on_query_arg: None,
        hash_fallback_query_arg: None,
        hash_on_uri_capture: None,
        hash_fallback_uri_capture: None,
        slots: 10_000,
        healthchecks: Healthchecks::default(),
        use_srv_name: false,
        host_header: None,
        client_certificate: None,
        tags: Vec::new(),
    }
}

pub(crate) fn target(text: &str, weight: u32) -> Target {
    Target { id: Uuid::new_v4(), upstream: Uuid::from_u128(20), target: text.into(), weight }
}

/// A configuration with one service, balanced over these.
pub(crate) fn over(upstream: UpstreamEntity, targets: Vec<Target>) -> Configuration {
    let somewhere = SocketAddr::from(([127, 0, 0, 1], 1));
    Configuration {
        services: vec![Service { host: upstream.name.clone(), ..service(somewhere) }],
        routes: vec![Route { paths: vec!["/".into()], ..route() }],
        upstreams: vec![upstream],
        targets,
        ..Configuration::default()
    }
}

/// Upstreams that answer with their own number.
async fn numbered(count: usize) -> Vec<Upstream> {
    let mut all = Vec::new();
    for number in 0..count {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
        all.push(Upstream::answering(&answer).await);
    }
    all
}

fn targets(upstreams: &[Upstream], weight: u32) -> Vec<Target> {
    upstreams.iter().map(|upstream| target(&upstream.addr.to_string(), weight)).collect()
}

/// An address that refuses connections.
async fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn get(lab: &Lab, path: &str, fields: &str) -> Answer {
    lab.ask(&format!("GET {path} HTTP/1.1\r\nHost: client.test\r\n{fields}\r\n")).await
}

async fn shares(lab: &Lab, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        *shares.entry(get(lab, "/", "").await.body).or_default() += 1;
    }
    shares
}

fn counted(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(body, count)| ((*body).to_owned(), *count)).collect()
}

#[tokio::test]
async fn targets_take_turns_by_weight_and_weight_0_takes_none() {
    let upstreams = numbered(3).await;
    let mut targets = targets(&upstreams, 100);
    targets[0].weight = 300;
    targets[2].weight = 0;
    let lab = Lab::start(&over(upstream("pool"), targets));
    assert_eq!(shares(&lab, 8).await, counted(&[("0", 6), ("1", 2)]));
    let seen = upstreams[0].seen();
    assert_eq!(seen[0].fields("host"), [upstreams[0].addr.to_string()]);
    assert_eq!(seen[0].field("x-forwarded-host"), Some("client.test"));
}

#[tokio::test]
async fn the_turn_goes_on_with_a_new_snapshot_and_begins_anew_with_other_targets() {
    let upstreams = numbered(3).await;
    let configuration = over(upstream("pool"), targets(&upstreams, 100));
    let lab = Lab::start(&configuration);
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push(get(&lab, "/", "").await.body);
        let next = lab.compiler.compile(&configuration, &Plugins::default()).unwrap();
        lab.snapshot.store(Arc::new(next));
    }
    assert_eq!(asked[..3], asked[3..], "in turn: {asked:?}");
    assert_eq!(shares(&lab, 3).await.len(), 3);
    let mut fewer = configuration;
    fewer.targets.truncate(1);
    lab.snapshot.store(Arc::new(lab.compiler.compile(&fewer, &Plugins::default()).unwrap()));
    assert_eq!(shares(&lab, 3).await, counted(&[("0", 3)]));
}

#[tokio::test]
async fn a_retry_goes_to_another_target() {
    let upstreams = numbered(1).await;
    let closing = Upstream::scripted(|_, _| Step::Close).await;
    let mut targets = targets(&upstreams, 1);
    targets.push(target(&refusing().await.to_string(), 100));
    targets.push(target(&closing.addr.to_string(), 100));
    let lab = Lab::start(&over(upstream("pool"), targets));
    for _ in 0..20 {
        let answer = get(&lab, "/", "").await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "0"));
    }
    assert!(!closing.seen().is_empty());
    assert_eq!(upstreams[0].seen().len(), 20);
    let host = &upstreams[0].seen()[0];
    assert_eq!(host.fields("host"), [upstreams[0].addr.to_string()], "that of the target that answered");
}

#[tokio::test]
async fn without_a_target_that_can_be_used_there_is_no_peer() {
    let nowhere = target("no-such-host.invalid:80", 100);
    let unweighted = target("127.0.0.1:1", 0);
    for targets in [vec![], vec![unweighted], vec![nowhere]] {
        let lab = Lab::start(&over(upstream("pool"), targets));
        let answer = get(&lab, "/", "Accept: application/json\r\n").await;
        assert_eq!(answer.status(), 503);
        assert!(
            answer.body.contains("\"message\":\"failure to get a peer from the ring-balancer\""),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_target_whose_name_has_no_address_is_passed_over() {
    let upstreams = numbered(1).await;
    let mut targets = targets(&upstreams, 1);
    targets.push(target("no-such-host.invalid:80", 1000));
    let mut configuration = over(upstream("pool"), targets);
    configuration.services[0].retries = 0;
    let lab = Lab::start(&configuration);
    for _ in 0..5 {
        assert_eq!(get(&lab, "/", "").await.body, "0");
    }
}

#[tokio::test]
async fn the_host_header_of_the_upstream_is_shown_unless_the_clients_is_kept() {
    let upstreams = numbered(1).await;
    let shown = UpstreamEntity { host_header: Some("shown.test".into()), ..upstream("pool") };
    let mut configuration = over(shown, targets(&upstreams, 100));
    let port = upstreams[0].addr.port();
    get(&Lab::start(&configuration), "/", "").await;
    configuration.routes[0].preserve_host = true;
    get(&Lab::start(&configuration), "/", "").await;
    let hosts: Vec<_> =
        upstreams[0].seen().iter().map(|seen| seen.field("host").unwrap().to_owned()).collect();
    assert_eq!(hosts, [format!("shown.test:{port}"), "client.test".to_owned()]);
}

#[tokio::test]
async fn the_same_hash_finds_the_same_target() {
    let upstreams = numbered(4).await;
    let hashing = UpstreamEntity {
        algorithm: Algorithm::ConsistentHashing,
        hash_on: HashOn::UriCapture,
        hash_on_uri_capture: Some("tenant".into()),
        hash_fallback: HashOn::Header,
        hash_fallback_header: Some("X-Tenant".into()),
        ..upstream("pool")
    };
    let mut configuration = over(hashing, targets(&upstreams, 100));
    configuration.routes[0].paths = vec![r"~/t/(?<tenant>\w+)".into(), "/".into()];
    let lab = Lab::start(&configuration);
    let mut all = BTreeMap::new();
    for tenant in 0..40 {
        let path = format!("/t/{tenant}/x");
        let first = get(&lab, &path, "").await.body;
        assert_eq!(get(&lab, &format!("/t/{tenant}/y"), "").await.body, first);
        let by_header = get(&lab, "/other", &format!("X-Tenant: {tenant}\r\n")).await.body;
        assert_eq!(by_header, first, "the same value hashes the same");
        *all.entry(first).or_insert(0) += 1;
    }
    assert_eq!(all.len(), 4, "{all:?}");
}

#[tokio::test]
async fn a_cookie_is_set_once_beside_those_of_the_upstream_and_sticks() {
    let mut upstreams = Vec::new();
    for number in 0..4 {
        let answer = format!("HTTP/1.1 200 OK\r\nSet-Cookie: own=1\r\nContent-Length: 1\r\n\r\n{number}");
        upstreams.push(Upstream::answering(&answer).await);
    }
    let hashing = UpstreamEntity {
        algorithm: Algorithm::ConsistentHashing,
        hash_on: HashOn::Cookie,
        hash_on_cookie: Some("sticky".into()),
        ..upstream("pool")
    };
    let lab = Lab::start(&over(hashing, targets(&upstreams, 100)));
    let first = get(&lab, "/", "").await;
    let cookies = first.fields("set-cookie");
    assert_eq!((cookies.len(), cookies[0]), (2, "own=1"));
    let (pair, attributes) = cookies[1].split_once("; ").unwrap();
    assert!(pair.starts_with("sticky="), "{pair}");
    assert_eq!(attributes, "Path=/; Same-Site=Lax; HttpOnly");
    for _ in 0..8 {
        let next = get(&lab, "/", &format!("Cookie: {pair}\r\n")).await;
        assert_eq!((next.body.as_str(), next.fields("set-cookie")), (first.body.as_str(), vec!["own=1"]));
    }
}

#[tokio::test]
async fn requests_in_flight_count_until_their_answer_ends() {
    let free = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfree").await;
    let busy = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbusy").await;
    let fewest = UpstreamEntity { algorithm: Algorithm::LeastConnections, ..upstream("pool") };
    let upstreams = [free, busy];
    let targets = targets(&upstreams, 100);
    let lab = Lab::start(&over(fewest, targets));
    // The first answer of the busy one never ends.
    let mut held = lab.client().await;
    loop {
        held.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let head = held.head().await.unwrap();
        let body = held.exactly(4).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        if body == b"busy" {
            break;
        }
    }
    for _ in 0..10 {
        assert_eq!(get(&lab, "/", "").await.body, "free");
    }
}

mod watching;

use std::collections::BTreeMap;

use http::header::HeaderValue;
use http::{HeaderMap, Method, Version};
use keybound_model::entity::{Algorithm, Consumer, HashOn, Healthchecks};
use keybound_plugins::contract::{Connection, Head, Identity, Public, RequestPath, UriCaptures};
use keybound_pop::htu::{Host, Scheme};
use rstest::rstest;
use uuid::Uuid;

use super::*;

pub(super) fn upstream(algorithm: Algorithm) -> Upstream {
    Upstream {
        id: Uuid::from_u128(1),
        name: "pool".into(),
        algorithm,
        hash_on: HashOn::None,
        hash_fallback: HashOn::None,
        hash_on_header: None,
        hash_fallback_header: None,
        hash_on_cookie: None,
        hash_on_cookie_path: None,
        hash_on_query_arg: None,
        hash_fallback_query_arg: None,
        hash_on_uri_capture: None,
        hash_fallback_uri_capture: None,
        slots: 1000,
        healthchecks: Healthchecks::default(),
        use_srv_name: false,
        host_header: None,
        client_certificate: None,
        tags: Vec::new(),
    }
}

fn targets(weights: &[u32]) -> Vec<Target> {
    let target = |(number, weight): (u128, &u32)| Target {
        id: Uuid::from_u128(number),
        upstream: Uuid::from_u128(1),
        target: format!("10.0.0.{number}:80"),
        weight: *weight,
    };
    (0..).zip(weights).map(target).collect()
}

/// The balancer of these, which is told as little as possible.
fn build(upstream: &Upstream, targets: Vec<Target>) -> Result<Balancer, CompileFault> {
    let checks = Checks::of(upstream, None)?;
    Balancer::build(upstream, targets, Means { names: &Names::default(), checks, before: None })
}

fn balancer(algorithm: Algorithm, weights: &[u32]) -> Balancer {
    build(&upstream(algorithm), targets(weights)).unwrap()
}

/// The number of the target of a peer.
fn number(peer: Option<Arc<Peer>>) -> Option<usize> {
    peer.map(|peer| peer.member)
}

fn peer(balancer: &Balancer, number: usize) -> Arc<Peer> {
    Arc::clone(balancer.peers.load().all.iter().find(|peer| peer.member == number).unwrap())
}

fn shares(balancer: &Balancer, requests: usize) -> BTreeMap<usize, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        *shares.entry(balancer.pick(None, &[]).unwrap().member).or_default() += 1;
    }
    shares
}

#[test]
fn turns_are_taken_by_weight_and_weight_0_has_none() {
    let balancer = balancer(Algorithm::RoundRobin, &[30, 0, 10]);
    assert_eq!(shares(&balancer, 400), BTreeMap::from([(0, 300), (2, 100)]));
}

#[rstest]
#[case(Algorithm::RoundRobin)]
#[case(Algorithm::ConsistentHashing)]
#[case(Algorithm::LeastConnections)]
#[case(Algorithm::Latency)]
fn a_retry_goes_to_another_target_until_none_is_left(#[case] algorithm: Algorithm) {
    let balancer = balancer(algorithm, &[1, 1000, 0, 1]);
    for _ in 0..20 {
        let mut tried = Vec::new();
        while let Some(next) = balancer.pick(Some(7), &tried) {
            tried.push(next);
        }
        let mut tried: Vec<_> = tried.iter().map(|peer| peer.member).collect();
        tried.sort_unstable();
        assert_eq!(tried, [0, 1, 3]);
    }
}

#[rstest]
#[case(Algorithm::RoundRobin)]
#[case(Algorithm::ConsistentHashing)]
#[case(Algorithm::LeastConnections)]
#[case(Algorithm::Latency)]
fn without_a_target_of_weight_there_is_none_to_pick(#[case] algorithm: Algorithm) {
    assert_eq!(number(balancer(algorithm, &[]).pick(Some(1), &[])), None);
    assert_eq!(number(balancer(algorithm, &[0, 0]).pick(None, &[])), None);
}

#[test]
fn the_fewest_requests_in_flight_for_the_weight_win() {
    let balancer = balancer(Algorithm::LeastConnections, &[100, 200]);
    let mut loads = Vec::new();
    for _ in 0..30 {
        loads.push(Load::new(balancer.pick(None, &[]).unwrap()));
    }
    let of = |number| loads.iter().filter(|load: &&Load| load.peer().member == number).count();
    assert_eq!((of(0), of(1)), (10, 20));
    loads.retain(|load| load.peer().member == 0);
    assert_eq!(number(balancer.pick(None, &[])), Some(1));
}

#[test]
fn the_faster_of_two_wins() {
    let balancer = balancer(Algorithm::Latency, &[1, 1]);
    balancer.observe(&peer(&balancer, 0), Duration::from_millis(900));
    balancer.observe(&peer(&balancer, 1), Duration::from_millis(30));
    assert_eq!(shares(&balancer, 50), BTreeMap::from([(1, 50)]));
}

#[test]
fn of_many_the_slowest_is_never_chosen_and_all_others_are_tried() {
    let balancer = balancer(Algorithm::Latency, &[1; 5]);
    for number in 0..5 {
        let took = Duration::from_millis(if number == 2 { 5000 } else { 10 });
        balancer.observe(&peer(&balancer, number), took);
    }
    let shares = shares(&balancer, 500);
    assert_eq!(shares.keys().copied().collect::<Vec<_>>(), [0, 1, 3, 4]);
}

#[test]
fn a_target_that_is_no_address_is_refused_by_name() {
    let targets = vec![Target { target: "a b:80".into(), ..targets(&[1])[0].clone() }];
    let fault = build(&upstream(Algorithm::RoundRobin), targets).unwrap_err();
    assert!(fault.to_string().starts_with("target 'a b:80' of upstream 'pool': target: "), "{fault}");
}

#[rstest]
#[case("10.0.0.1:8080", None, 8080, "10.0.0.1", "10.0.0.1:8080")]
#[case("[::1]:80", None, 80, "::1", "[::1]")]
#[case("a.test:443", None, 443, "a.test", "a.test:443")]
#[case("a.test:81", Some("shown.test"), 81, "shown.test", "shown.test:81")]
fn a_target_has_a_host_field_of_its_own(
    #[case] text: &str,
    #[case] host_header: Option<&str>,
    #[case] port: u16,
    #[case] name: &str,
    #[case] field: &str,
) {
    let upstream =
        Upstream { host_header: host_header.map(str::to_owned), ..upstream(Algorithm::RoundRobin) };
    let target = Target { target: text.into(), ..targets(&[1])[0].clone() };
    let endpoint = member(&upstream, &target, &Names::default()).unwrap().origin.endpoint;
    assert_eq!((endpoint.port, &*endpoint.name), (port, name));
    assert_eq!(endpoint.host_field(false), field);
    let secure = endpoint.host_field(true).to_str().unwrap();
    assert!(!secure.ends_with(":443"), "{secure}");
}

fn head() -> Head {
    let address = "127.0.0.1:1".parse().unwrap();
    Head {
        method: Method::GET,
        version: Version::HTTP_11,
        path: RequestPath { escaped: "/a".into(), decoded: None, had_empty_segments: false },
        query: None,
        headers: HeaderMap::new(),
        public: Public { scheme: Scheme::Http, host: Host::Name("h".into()), port: None },
        client_ip: [127, 0, 0, 1].into(),
        connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
        request_id: String::new(),
        websocket: false,
    }
}

fn hash_of(upstream: &Upstream, head: &Head, identity: &Identity, captures: &UriCaptures) -> Option<Hashed> {
    let balancer = build(upstream, targets(&[1, 1, 1])).unwrap();
    balancer.hash(&HashFacts { head, identity, captures })
}

/// Whether the hash depends on what `change` changes.
fn depends(upstream: &Upstream, change: impl Fn(&mut Head, &mut Identity, &mut UriCaptures, &'static str)) {
    let hash = |value| {
        let (mut head, mut identity, mut captures) = (head(), Identity::default(), UriCaptures::default());
        change(&mut head, &mut identity, &mut captures, value);
        let hashed = hash_of(upstream, &head, &identity, &captures).unwrap();
        assert_eq!(hashed.set_cookie, None);
        hashed.hash
    };
    assert_eq!(hash("one"), hash("one"));
    assert_ne!(hash("one"), hash("two"));
}

#[test]
fn each_input_decides() {
    let hashing = |on| Upstream { hash_on: on, ..upstream(Algorithm::ConsistentHashing) };
    depends(&hashing(HashOn::Consumer), |_, identity, _, value| {
        let id = Uuid::from_u128(value.len() as u128 + u128::from(value == "two"));
        let consumer = Consumer { id, username: None, custom_id: None, tags: Vec::new() };
        identity.consumer = Some(Arc::new(consumer));
    });
    depends(&hashing(HashOn::Consumer), |_, identity, _, value| identity.credential = Some(value.into()));
    depends(&hashing(HashOn::Ip), |head, _, _, value| {
        head.client_ip = [10, 0, 0, u8::from(value == "two")].into();
    });
    depends(&hashing(HashOn::Path), |head, _, _, value| head.path.escaped = format!("/{value}"));
    let header = Upstream { hash_on_header: Some("X-Key".into()), ..hashing(HashOn::Header) };
    depends(&header, |head, _, _, value| {
        head.headers.append("x-key", HeaderValue::from_static("same"));
        head.headers.append("x-key", HeaderValue::from_static(value));
    });
    let cookie = Upstream { hash_on_cookie: Some("sticky".into()), ..hashing(HashOn::Cookie) };
    depends(&cookie, |head, _, _, value| {
        let line = format!("stick=x; sticky={value}; other=1");
        head.headers.append("cookie", HeaderValue::from_str(&line).unwrap());
    });
    let query = Upstream { hash_on_query_arg: Some("key".into()), ..hashing(HashOn::QueryArg) };
    depends(&query, |head, _, _, value| head.query = Some(format!("a=b&key={value}")));
    let capture = Upstream { hash_on_uri_capture: Some("tenant".into()), ..hashing(HashOn::UriCapture) };
    depends(&capture, |_, _, captures, value| {
        *captures = UriCaptures::new(vec![("1".into(), "x".into()), ("tenant".into(), value.into())]);
    });
}

#[test]
fn the_fallback_decides_where_the_first_is_absent() {
    let upstream = Upstream {
        hash_on: HashOn::Header,
        hash_on_header: Some("x-key".into()),
        hash_fallback: HashOn::QueryArg,
        hash_fallback_query_arg: Some("key".into()),
        ..upstream(Algorithm::ConsistentHashing)
    };
    depends(&upstream, |head, _, _, value| head.query = Some(format!("key={value}")));
    let nothing = hash_of(&upstream, &head(), &Identity::default(), &UriCaptures::default());
    assert!(nothing.is_none());
}

#[test]
fn a_cookie_that_is_absent_is_set_to_what_was_hashed() {
    let upstream = Upstream {
        hash_on: HashOn::Cookie,
        hash_on_cookie: Some("sticky".into()),
        hash_on_cookie_path: Some("/x".into()),
        ..upstream(Algorithm::ConsistentHashing)
    };
    let (identity, captures) = (Identity::default(), UriCaptures::default());
    let first = hash_of(&upstream, &head(), &identity, &captures).unwrap();
    let cookie = first.set_cookie.unwrap();
    let cookie = cookie.to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/x; Same-Site=Lax; HttpOnly");
    let mut next = head();
    next.headers.append("cookie", HeaderValue::from_str(pair).unwrap());
    let second = hash_of(&upstream, &next, &identity, &captures).unwrap();
    assert_eq!((second.hash, second.set_cookie), (first.hash, None));
}

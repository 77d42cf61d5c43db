//! Two gateways, one Redis for used proofs: a proof passes once on both together, whatever happens to the Redis.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use keybound_suites::{Answer, Client, Gateway, PostgresServer, Provider, RedisServer, Upstream};
use serde_json::{Value, json};

use crate::{EVER, get};

/// What clients see, whichever node they reach.
const ORIGIN: &str = "https://api.example.test";
const PATH: &str = "/guarded";
/// The time for connecting, sending and answering, each.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Two nodes, and what they share.
struct Nodes {
    one: Gateway,
    two: Gateway,
    redis: RedisServer,
    provider: Provider,
    _server: PostgresServer,
    _upstream: Upstream,
}

impl Nodes {
    fn start() -> Self {
        let (server, upstream) = (PostgresServer::start(), Upstream::start());
        let (redis, provider) = (RedisServer::start(), Provider::start());
        let database = server.settings("cluster");
        let settings: Vec<(&str, &str)> =
            database.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (one, two) = (Gateway::start(&settings), Gateway::start(&settings));
        let milliseconds = u64::try_from(TIMEOUT.as_millis()).unwrap();
        let config = json!({
            "issuer": provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
            "dpop_public_origins": [ORIGIN], "dpop_replay_strategy": "redis",
            "redis": {
                "host": "127.0.0.1", "port": redis.port, "connect_timeout": milliseconds,
                "send_timeout": milliseconds, "read_timeout": milliseconds,
            },
        });
        one.admin.guard("guarded", PATH, upstream.address, &config);
        let nodes = Self { one, two, redis, provider, _server: server, _upstream: upstream };
        // The other node has heard of the route, and fetched the keys.
        for node in [&nodes.one, &nodes.two] {
            let client = nodes.provider.client();
            let started = Instant::now();
            while get(node.plain, PATH).status != 401
                || nodes.send(node.plain, &client, &proof(&client, None)).status != 200
            {
                assert!(started.elapsed() < EVER, "the route is not there\n{}", node.log());
            }
        }
        nodes
    }

    fn send(&self, node: SocketAddr, client: &Client, proof: &str) -> Answer {
        let head = format!(
            "GET {PATH} HTTP/1.1\r\nHost: {node}\r\nConnection: close\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\n\r\n",
            client.token
        );
        Answer::to(node, head.as_bytes())
    }
}

fn proof(client: &Client, nonce: Option<&str>) -> String {
    let claims = nonce.map_or(json!({}), |nonce| json!({ "nonce": nonce }));
    client.proof_with("GET", &format!("{ORIGIN}{PATH}"), json!({}), claims)
}

#[test]
fn of_a_thousand_proofs_sent_to_both_nodes_at_once_each_passes_once() {
    const LANES: usize = 4;
    const EACH: usize = 250;
    let nodes = Nodes::start();
    let passed = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|_| {
                let nodes = &nodes;
                scope.spawn(move || {
                    let client = nodes.provider.client();
                    let proofs: Vec<String> = (0..EACH).map(|_| proof(&client, None)).collect();
                    let together = Barrier::new(2);
                    let statuses = |node: SocketAddr| -> Vec<u16> {
                        let send = |proof: &String| {
                            together.wait();
                            nodes.send(node, &client, proof).status
                        };
                        proofs.iter().map(send).collect()
                    };
                    let (one, two) = thread::scope(|scope| {
                        let one = scope.spawn(|| statuses(nodes.one.plain));
                        let two = scope.spawn(|| statuses(nodes.two.plain));
                        (one.join().unwrap(), two.join().unwrap())
                    });
                    one.into_iter().zip(two).collect::<Vec<_>>()
                })
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(passed.len(), LANES * EACH);
    let first = passed.iter().filter(|answers| **answers == (200, 401)).count();
    let second = passed.iter().filter(|answers| **answers == (401, 200)).count();
    let other: Vec<_> = passed.iter().filter(|answers| !matches!(answers, (200, 401) | (401, 200))).collect();
    assert!(other.is_empty(), "{other:?}\n{}", nodes.one.log());
    eprintln!(
        "{} proofs, each to both nodes at once: {first} passed on one, {second} on the other",
        passed.len()
    );
}

/// What the senders saw.
#[derive(Default)]
struct Seen {
    passed: AtomicUsize,
    replayed: AtomicUsize,
    unavailable: AtomicUsize,
    longest: Mutex<Duration>,
    wrong: Mutex<Vec<String>>,
}

impl Seen {
    /// One client: new proofs, each sent again to the other node, and old ones now and then.
    fn send(&self, nodes: &Nodes, stop: &AtomicBool) {
        let client = nodes.provider.client();
        let (mut nonce, mut used): (Option<String>, Vec<String>) = (None, Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let fresh = proof(&client, nonce.as_deref());
            let answer = self.timed(nodes, nodes.one.plain, &client, &fresh);
            if let [given] = answer.all("dpop-nonce")[..] {
                nonce = Some(given.to_owned());
            }
            let again = self.timed(nodes, nodes.two.plain, &client, &fresh);
            if answer.status == 200 && again.status == 200 {
                self.wrong.lock().unwrap().push(format!("both nodes took {fresh}"));
            }
            for answer in [&answer, &again] {
                match answer.status {
                    200 => self.passed.fetch_add(1, Ordering::Relaxed),
                    401 => self.replayed.fetch_add(1, Ordering::Relaxed),
                    503 => self.unavailable.fetch_add(1, Ordering::Relaxed),
                    other => {
                        self.wrong.lock().unwrap().push(format!("{other}"));
                        0
                    }
                };
                if answer.status == 503
                    && (answer.all("retry-after").is_empty() || !answer.all("www-authenticate").is_empty())
                {
                    self.wrong.lock().unwrap().push(format!("{answer:?}"));
                }
            }
            if answer.status == 200 || again.status == 200 {
                used.push(fresh);
            }
            let old = used.len().checked_sub(20).and_then(|place| used.get(place));
            if let Some(old) = old.or(used.first())
                && self.timed(nodes, nodes.one.plain, &client, old).status == 200
            {
                self.wrong.lock().unwrap().push(format!("an old proof was taken: {old}"));
            }
        }
    }

    fn timed(&self, nodes: &Nodes, node: SocketAddr, client: &Client, proof: &str) -> Answer {
        let started = Instant::now();
        let answer = nodes.send(node, client, proof);
        let mut longest = self.longest.lock().unwrap();
        *longest = longest.max(started.elapsed());
        answer
    }
}

#[test]
fn whatever_happens_to_the_redis_no_proof_passes_twice_and_no_request_hangs() {
    let nodes = Nodes::start();
    let (seen, stop) = (Seen::default(), AtomicBool::new(false));
    let (_keep, never) = mpsc::channel::<()>();
    let a_while = || {
        let _ = never.recv_timeout(Duration::from_millis(1500));
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| seen.send(&nodes, &stop));
        }
        a_while();
        nodes.redis.command(&["flushall"]);
        a_while();
        nodes.redis.freeze(true);
        a_while();
        nodes.redis.freeze(false);
        a_while();
        nodes.redis.command(&["client", "pause", "1500"]);
        a_while();
        a_while();
        nodes.redis.kill();
        a_while();
        nodes.redis.resume();
        a_while();
        nodes.redis.command(&["flushall"]);
        // And proofs pass again.
        let (before, started) = (seen.passed.load(Ordering::Relaxed), Instant::now());
        while seen.passed.load(Ordering::Relaxed) < before + 20 && started.elapsed() < EVER {
            a_while();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(seen.passed.load(Ordering::Relaxed) >= before + 20, "{}", nodes.one.log());
    });
    let wrong = seen.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    assert!(count(&seen.unavailable) > 0, "the Redis was away, and nobody noticed");
    let longest = *seen.longest.lock().unwrap();
    // The bound of a call, with what else a request takes on a busy machine.
    assert!(longest < 3 * TIMEOUT + Duration::from_secs(5), "{longest:?}");
    eprintln!(
        "{} passed, {} refused as replayed or for a nonce, {} while the Redis was away; the longest took {longest:.1?}",
        count(&seen.passed),
        count(&seen.replayed),
        count(&seen.unavailable),
    );
}

#[test]
fn a_nonce_of_one_node_opens_on_the_other_and_after_a_restart() {
    let mut nodes = Nodes::start();
    let route = json!({
        "issuer": nodes.provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
        "dpop_public_origins": [ORIGIN], "dpop_use_nonce": true, "dpop_replay_strategy": "redis",
        "redis": { "host": "127.0.0.1", "port": nodes.redis.port },
    });
    let upstream = nodes._upstream.address;
    nodes.one.admin.guard("nonce", "/nonce", upstream, &route);
    let client = nodes.provider.client();
    let send = |node: SocketAddr, nonce: Option<&str>| {
        let claims = nonce.map_or(json!({}), |nonce| json!({ "nonce": nonce }));
        let proof = client.proof_with("GET", &format!("{ORIGIN}/nonce"), json!({}), claims);
        let head = format!(
            "GET /nonce HTTP/1.1\r\nHost: {node}\r\nConnection: close\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\n\r\n",
            client.token
        );
        Answer::to(node, head.as_bytes())
    };
    let started = Instant::now();
    let refused = loop {
        let refused = send(nodes.two.plain, None);
        if refused.status == 401 {
            break refused;
        }
        assert!(started.elapsed() < EVER, "{refused:?}");
    };
    let nonce = refused.all("dpop-nonce")[0].to_owned();
    assert_eq!(send(nodes.one.plain, Some(&nonce)).status, 200);
    assert_eq!(send(nodes.two.plain, Some(&nonce)).status, 200);
    // Another process on the same store opens it too.
    let database = nodes._server.settings("cluster");
    let settings: Vec<(&str, &str)> = database.iter().map(|(name, value)| (*name, value.as_str())).collect();
    nodes.one = Gateway::start(&settings);
    let answer = send(nodes.one.plain, Some(&nonce));
    assert_eq!(answer.status, 200, "{answer:?}\n{}", nodes.one.log());
}

#[test]
fn a_node_that_remembers_alone_says_so() {
    let (server, upstream, provider) = (PostgresServer::start(), Upstream::start(), Provider::start());
    let database = server.settings("cluster");
    let settings: Vec<(&str, &str)> = database.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let node = Gateway::start(&settings);
    let config = json!({
        "issuer": provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
    });
    node.admin.guard("alone", "/alone", upstream.address, &config);
    let status: Value = serde_json::from_str(&get(node.admin.address, "/status").body).unwrap();
    let warnings = status["warnings"].as_array().unwrap();
    assert!(warnings[0].as_str().unwrap().contains("dpop_replay_strategy"), "{status}");
    assert!(node.log().contains("dpop_replay_strategy"));
}

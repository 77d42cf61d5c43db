//! Two gateways on one PostgreSQL: what is written on one answers on the other, and the database may go away.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on must fail, and says what it measured"
)]

mod replay;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keybound_suites::{Answer, Gateway, PostgresServer, Upstream};
use serde_json::{Value, json};

/// Longer than anything here takes.
const EVER: Duration = Duration::from_secs(60);

/// Two gateways, their database and their upstream.
struct Cluster {
    one: Gateway,
    two: Gateway,
    upstream: Upstream,
    server: PostgresServer,
}

impl Cluster {
    fn start(settings: &[(&str, &str)]) -> Self {
        let (server, upstream) = (PostgresServer::start(), Upstream::start());
        let database = server.settings("cluster");
        let mut all: Vec<(&str, &str)> =
            database.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(settings);
        let (one, two) = (Gateway::start(&all), Gateway::start(&all));
        Self { one, two, upstream, server }
    }

    /// Writes a service with a route on a node.
    #[track_caller]
    fn route(&self, node: &Gateway, name: &str) {
        let service = json!({ "name": name, "url": format!("http://{}/up", self.upstream.address) });
        let answer = node.admin.post("/services", &service);
        assert_eq!(answer.status, 201, "{answer:?}");
        let route = json!({ "name": name, "paths": [format!("/{name}")] });
        let answer = node.admin.post(&format!("/services/{name}/routes"), &route);
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    Answer::to(address, head.as_bytes())
}

/// Asks a node's proxy until a path answers with this status; how long that took.
#[track_caller]
fn until(node: &Gateway, path: &str, status: u16) -> Duration {
    let started = Instant::now();
    loop {
        let answer = get(node.plain, path);
        if answer.status == status {
            return started.elapsed();
        }
        assert!(started.elapsed() < EVER, "{path} never answered {status}: {answer:?}\n{}", node.log());
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn what_is_written_on_one_node_answers_on_the_other() {
    let cluster = Cluster::start(&[("db_update_frequency", "3600")]);
    let (one, two) = (&cluster.one, &cluster.two);
    let mut longest = Duration::ZERO;
    for number in 0..10 {
        let (writer, reader) = if number % 2 == 0 { (one, two) } else { (two, one) };
        let name = format!("r{number}");
        assert_eq!(get(reader.plain, &format!("/{name}")).status, 404);
        cluster.route(writer, &name);
        assert_eq!(get(writer.plain, &format!("/{name}")).status, 200, "it is live where it was written");
        longest = longest.max(until(reader, &format!("/{name}"), 200));
    }
    eprintln!("live on the other node after {longest:.1?} at most, in 10 writes");
}

#[test]
fn what_is_deleted_on_one_node_is_gone_on_the_other() {
    let cluster = Cluster::start(&[]);
    cluster.route(&cluster.one, "a");
    until(&cluster.two, "/a", 200);
    let head = format!(
        "DELETE /routes/a HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        cluster.two.admin.address
    );
    assert_eq!(Answer::to(cluster.two.admin.address, head.as_bytes()).status, 204);
    until(&cluster.one, "/a", 404);
}

#[test]
fn while_the_database_is_away_requests_are_served_and_writes_are_refused_until_it_is_back() {
    let mut cluster = Cluster::start(&[("pg_timeout", "3000")]);
    cluster.route(&cluster.one, "a");
    until(&cluster.two, "/a", 200);

    cluster.server.kill();
    for node in [&cluster.one, &cluster.two] {
        assert_eq!(get(node.plain, "/a").status, 200, "{}", node.log());
        let service = json!({ "name": "b", "host": "b.test" });
        for answer in [node.admin.post("/services", &service), get(node.admin.address, "/services/a")] {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert_eq!(body(&answer), json!({ "message": "the configuration store is out of reach" }));
            assert_eq!(answer.all("retry-after"), ["1"]);
        }
        let status = get(node.admin.address, "/status");
        assert_eq!((status.status, &body(&status)["database"]), (200, &json!({ "reachable": false })));
        assert_eq!(get(node.plain, "/a").status, 200);
    }

    cluster.server.resume();
    cluster.route(&cluster.one, "b");
    let took = until(&cluster.two, "/b", 200);
    eprintln!("after the restart, live on the other node after {took:.1?}");
    cluster.route(&cluster.two, "c");
    until(&cluster.one, "/c", 200);
    for node in [&mut cluster.one, &mut cluster.two] {
        assert!(node.alive());
        let status = get(node.admin.address, "/status");
        assert_eq!(body(&status)["database"], json!({ "reachable": true }));
    }
}

//! Balancing on the built gateway over real sockets: targets that fail on command, a name server that changes its mind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod active;
mod marking;
mod names;
mod passive;
mod retries;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use keybound_suites::{Answer, Gateway, Target};
use serde_json::{Value, json};

/// The gateway of the tests that need no settings of their own.
pub(crate) fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let gateway = Gateway::start(&[("status_listen", "127.0.0.1:0")]);
        gateway.end_with_this_process();
        gateway
    })
}

/// An upstream of this name with these fields, and a service and a route `/name` over it.
pub(crate) fn balanced(gateway: &Gateway, name: &str, fields: Value, targets: &[(String, u32)]) {
    let mut upstream = json!({ "name": name });
    upstream.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    created(gateway, "/upstreams", &upstream);
    for (target, weight) in targets {
        let target = json!({ "target": target, "weight": weight });
        created(gateway, &format!("/upstreams/{name}/targets"), &target);
    }
    served(gateway, name, json!({ "host": name }));
}

/// A service of this name with these fields, and a route `/name` to it.
pub(crate) fn served(gateway: &Gateway, name: &str, fields: Value) {
    let mut service = json!({ "name": name, "protocol": "http", "read_timeout": 30_000 });
    service.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    created(gateway, "/services", &service);
    created(
        gateway,
        &format!("/services/{name}/routes"),
        &json!({ "name": name, "paths": [format!("/{name}")] }),
    );
}

pub(crate) fn created(gateway: &Gateway, path: &str, entity: &Value) {
    let answer = gateway.admin.post(path, entity);
    assert_eq!(answer.status, 201, "{path} {entity}: {answer:?}");
}

/// Targets with a weight of 100 each.
pub(crate) fn alike(targets: &[&Target]) -> Vec<(String, u32)> {
    targets.iter().map(|target| (target.address.to_string(), 100)).collect()
}

pub(crate) fn get(gateway: &Gateway, path: &str) -> Answer {
    send(gateway, "GET", path, "")
}

pub(crate) fn send(gateway: &Gateway, method: &str, path: &str, rest: &str) -> Answer {
    let rest = if rest.is_empty() { "\r\n" } else { rest };
    let request = format!("{method} {path} HTTP/1.1\r\nHost: suite.test\r\nConnection: close\r\n{rest}");
    Answer::to(gateway.plain, request.as_bytes())
}

/// Asks the Admin API.
pub(crate) fn admin(gateway: &Gateway, method: &str, path: &str) -> Answer {
    let host = gateway.admin.address;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    Answer::to(host, request.as_bytes())
}

pub(crate) fn patch(gateway: &Gateway, path: &str, change: &Value) -> Answer {
    let (host, body) = (gateway.admin.address, change.to_string());
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    Answer::to(host, (head + &body).as_bytes())
}

/// The health of each target of an upstream.
pub(crate) fn health(gateway: &Gateway, name: &str) -> BTreeMap<String, String> {
    let answer = admin(gateway, "GET", &format!("/upstreams/{name}/health"));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let target = |target: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&target["target"]), text(&target["health"]))
    };
    body["data"].as_array().unwrap().iter().map(target).collect()
}

/// How an upstream is as a whole.
pub(crate) fn balancer_health(gateway: &Gateway, name: &str) -> Value {
    let answer = admin(gateway, "GET", &format!("/upstreams/{name}/health?balancer_health=1"));
    serde_json::from_str::<Value>(&answer.body).unwrap()["data"].clone()
}

/// Who answers so many requests, and how often.
pub(crate) fn shares(gateway: &Gateway, path: &str, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        let answer = get(gateway, path);
        let who = if answer.status == 200 { answer.body } else { answer.status.to_string() };
        *shares.entry(who).or_default() += 1;
    }
    shares
}

pub(crate) fn counted(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(body, count)| ((*body).to_owned(), *count)).collect()
}

/// Looks again and again until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "never came: {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// An address that refuses connections.
pub(crate) fn refusing() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

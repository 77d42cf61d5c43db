//! What an operator sees of the built gateway: metrics, access logs, traces, and what the status port says of memory and tasks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod debug;
mod deploy;
mod logs;
mod metrics;
mod traces;

use std::net::SocketAddr;

use keybound_suites::{Answer, Stage};
use serde_json::{Value, json};

/// The settings of a gateway that has a Status API.
const STATUS: (&str, &str) = ("status_listen", "127.0.0.1:0");

fn get(address: SocketAddr, path: &str) -> Answer {
    Answer::to(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

/// Has `prometheus` count everything on every route.
fn count_everything(stage: &Stage) {
    let all = json!({
        "per_consumer": true, "status_code_metrics": true, "latency_metrics": true, "bandwidth_metrics": true,
        "upstream_health_metrics": true,
    });
    add_plugin(stage, "prometheus", &all);
}

fn add_plugin(stage: &Stage, name: &str, config: &Value) {
    let answer = stage.gateway.admin.post("/plugins", &json!({ "name": name, "config": config }));
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// Requests of every kind that is counted: good ones, refused ones, one without a nonce, one that goes nowhere.
fn traffic(stage: &Stage) {
    for _ in 0..2 {
        stage.forwarded("good", &stage.good(), &stage.client.token);
    }
    let good = stage.good();
    stage.forwarded("first", &good, &stage.client.token);
    stage.refused("again", &good, "invalid_dpop_proof", "proof_replayed");
    assert_eq!(stage.send(&stage.bare("GET", "/nowhere")).status, 404);
}

//! What happens when what the gateway needs breaks: upstreams, providers, databases, disks, clocks, descriptors.
//!
//! Each fault says in one line what clients saw and what was lost; `cargo xtask chaos` runs all of them and prints the table.
//! Those that take long are ignored in `cargo test`. What breaks in a Redis is in `tests/cluster` and `tests/sessions`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must fail, and each tells its line of the table"
)]

mod clock;
mod database;
mod descriptors;
mod disk;
mod provider;
mod providers;
mod reading;
mod upstream;
mod upstreams;

use std::net::SocketAddr;

use keybound_suites::{Answer, Gateway};
use serde_json::{Value, json};

/// One line of the table: the fault, what clients saw, what was lost.
pub(crate) fn told(fault: &str, seen: &str, lost: &str) {
    println!("chaos: | {fault} | {seen} | {lost} |");
}

/// `GET` on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    Answer::to(address, head.as_bytes())
}

/// A service with a route that nothing guards.
#[track_caller]
pub(crate) fn open_route(gateway: &Gateway, name: &str, upstream: SocketAddr, more: Value) {
    let mut service = json!({ "name": name, "url": format!("http://{upstream}/up") });
    if let (Some(service), Some(more)) = (service.as_object_mut(), more.as_object()) {
        service.extend(more.clone());
    }
    assert_eq!(gateway.admin.post("/services", &service).status, 201);
    let route = json!({ "name": name, "paths": [format!("/{name}")] });
    assert_eq!(gateway.admin.post(&format!("/services/{name}/routes"), &route).status, 201);
}

/// Resident memory of the gateway in bytes.
pub(crate) fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

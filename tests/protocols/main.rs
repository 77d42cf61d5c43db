//! Protocols through the built gateway: what changes hands when, on both sides, byte by byte. What Go's programs say of it is
//! `cargo xtask protocols`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod bare;
mod expect;
mod flow;
mod frames;
mod grpc;
mod proxy_protocol;
mod trailers;
mod websocket;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;

use keybound_suites::Stage;
use serde_json::{Value, json};

/// The gateway of most tests: HTTP/2 beside HTTP/1.1, with TLS and without.
fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    Stage::shared(&STAGE, || {
        let listen = ("proxy_listen", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl");
        // One thread, one pool: an upstream that takes a single connection sees every request.
        Stage::start_with(&[listen, ("nginx_worker_processes", "1")], json!({}))
    })
}

/// A route to `/NAME` before an upstream that the test plays itself.
fn played(name: &str) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    serve(name, listener.local_addr().expect("its address"), json!({}));
    listener
}

/// A route to `/NAME` before this upstream; `more` is what the service is told beside that.
fn serve(name: &str, upstream: SocketAddr, more: Value) {
    let mut service = json!({ "name": name, "url": format!("http://{upstream}/") });
    service.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    create("/services", &service);
    create(&format!("/services/{name}/routes"), &json!({ "name": name, "paths": [format!("/{name}")] }));
}

fn create(path: &str, entity: &Value) {
    let answer = stage().gateway.admin.post(path, entity);
    assert_eq!(answer.status, 201, "{path} {entity}: {answer:?}");
}

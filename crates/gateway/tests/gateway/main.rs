//! The data plane over real sockets: what clients send, what upstreams see, what clients get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod balancing;
mod certificates;
mod client_certificates;
mod connections;
mod errors;
mod explaining;
mod fields;
mod framing;
mod grpc;
mod grpc_streams;
mod lab;
mod lifecycle;
mod phases;
mod pki;
mod plugins;
mod probes;
mod proxy_protocol;
mod resource_metadata;
mod retries;
mod streaming;
mod timeouts;
mod tls;
mod upstream_tls;
mod websocket;

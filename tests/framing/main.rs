//! Framing on raw sockets: for each way to write a request (or a response) that two readers could read differently, what the
//! client got, whether its connection lived on, and the bytes that reached the upstream, which records every connection.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod bodies;
mod heads;
mod http2;
mod lengths;
mod limits;
mod pipelines;
mod recorder;
mod responses;
mod scene;
mod targets;

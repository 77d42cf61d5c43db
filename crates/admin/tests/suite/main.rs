//! The Admin API over a real socket: each rule with the bytes that a client sends and reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bodies;
mod catalog;
mod client;
mod guard;
mod server;
mod transport;

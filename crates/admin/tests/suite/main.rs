//! The Admin API over a real socket: each rule with the bytes that a client sends and reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bodies;
mod catalog;
mod client;
mod declarative;
mod entities;
mod errors;
mod guard;
mod lists;
mod nested;
mod node;
mod server;
mod transport;
mod writes;

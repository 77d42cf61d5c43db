//! The Admin API over a real socket, held against what Kong documents: literal bodies, one file for each part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod declarative;
mod forms;
mod guard;
mod lab;
mod nested;
mod node;
mod publishing;
mod status;
mod transport;
mod verbs;

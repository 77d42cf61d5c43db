//! The Admin API as a client sees it: every entity, verb and nested path, every rule of decoding, validation, paging and
//! error, with the plugins that there are. Each file of `golden/` is a conversation; see [`conversation`].
//!
//! `UPDATE_GOLDEN=1` writes the answers that came into the files, to be read before they are committed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod conversation;
mod lab;
mod names;
mod replay;
mod wire;

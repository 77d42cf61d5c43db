//! What the plugins that authenticate do with a request, rule by rule, with a clock that stands still.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the support modules are test code too"
)]

mod acl;
mod basic_auth;
mod hmac_auth;
mod jwt;
mod key_auth;
mod schemas;
mod support;
mod together;

//! What the plugins that shape traffic do with a request, rule by rule, through a chain: no clock but ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the support module is test code too"
)]

mod correlation_id;
mod cors;
mod http_log;
mod ip_restriction;
mod prometheus;
mod rate_limiting;
mod request_termination;
mod request_transformer;
mod response_transformer;
mod schemas;
mod support;

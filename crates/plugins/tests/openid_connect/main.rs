//! What `openid-connect` does with a request, rule by rule: no sockets but the provider's, no clock but ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the support modules are test code too"
)]

mod answers;
mod clients;
mod cluster_cache;
mod credentials;
mod decision_table;
mod forwarding;
mod hour;
mod introspection;
mod nonces;
mod proofs;
mod redis;
mod replay;
mod restart;
mod support;
mod tokens;

//! What `openid-connect` does with a request, rule by rule: no sockets but the provider's, no clock but ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the support modules are test code too"
)]

mod answers;
mod credentials;
mod decision_table;
mod forwarding;
mod introspection;
mod nonces;
mod proofs;
mod replay;
mod report;
mod resource_metadata;
mod restart;
mod step_up;
mod support;
mod tokens;

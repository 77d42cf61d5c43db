//! What `openid-connect` does with a request, rule by rule: no sockets but the provider's, no clock but ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the support modules are test code too"
)]

mod anonymous;
mod answers;
mod clients;
mod cluster_cache;
mod credentials;
mod decision_table;
mod fields;
mod forwarding;
mod headers;
mod hour;
mod identify;
mod introspection;
mod nonces;
mod proof_work;
mod proofs;
mod redirects;
mod redis;
mod replay;
mod report;
mod resource_metadata;
mod restart;
mod session;
mod session_binding;
mod session_cookies;
mod session_end;
mod session_store;
mod step_up;
mod support;
mod tokens;

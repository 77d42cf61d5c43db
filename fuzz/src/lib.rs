//! The bodies of the fuzz targets: plain functions, so that `tests/corpus.rs` replays the corpus without a fuzzer.
//!
//! Each asserts more than that nothing panics: what is accepted has one spelling, two readers of the same bytes agree, what is
//! forwarded is what was checked, and what comes out has a bound.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a finding is a panic"
)]

pub mod gateway;
pub mod message;
pub mod model;
pub mod oidc;
pub mod plugins;
pub mod pop;

/// A target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by name.
pub const TARGETS: [Target; 24] = [
    ("admin_form", model::admin_form::run),
    ("authorization", plugins::authorization::run),
    ("basic_auth", plugins::basic_auth::run),
    ("certificate_chain", oidc::certificate_chain::run),
    ("certificate_field", pop::certificate_field::run),
    ("certificate_pem", model::certificate_pem::run),
    ("compact_jws", pop::compact_jws::run),
    ("declarative", model::declarative::run),
    ("discovery", oidc::discovery::run),
    ("expression", gateway::expression::run),
    ("form_body", plugins::form_body::run),
    ("framing", gateway::framing::run),
    ("hmac_auth", plugins::hmac_auth::run),
    ("htu", pop::htu::run),
    ("introspection", oidc::introspection::run),
    ("jwk", pop::jwk::run),
    ("key_set", oidc::key_set::run),
    ("nonce", pop::nonce::run),
    ("path", gateway::path::run),
    ("proof", pop::proof::run),
    ("proxy_protocol", gateway::proxy_protocol::run),
    ("request_head", gateway::request_head::run),
    ("session_cookie", plugins::session_cookie::run),
    ("trace_context", plugins::trace_context::run),
];

/// The body of the target of this name.
#[must_use]
pub fn named(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, body)| *body)
}

//! TLS on both sides: which certificate a client is shown, and how upstreams are known.

pub(crate) mod asking;
pub(crate) mod client;
pub(crate) mod names;
pub(crate) mod server;
pub(crate) mod shown;
mod signatures;
mod unverified;
mod verifier;

//! JOSE, DPoP (RFC 9449) and certificate binding (RFC 8705): the pure verifier of sender-constrained tokens.

pub mod algorithm;
pub mod base64url;
pub mod binding;
pub mod confirmation;
pub mod htu;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod thumbprint;
pub mod time;

//! JOSE, DPoP (RFC 9449) and certificate binding (RFC 8705): the pure verifier of sender-constrained tokens.

pub mod htu;
pub mod thumbprint;

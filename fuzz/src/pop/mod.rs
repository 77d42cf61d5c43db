//! Proofs, keys and certificates, as clients send them.

pub mod certificate_field;
pub mod compact_jws;
pub mod htu;
pub mod jwk;
pub mod nonce;
pub mod proof;

//! What providers answer, and certificates.

pub mod certificate_chain;
pub mod discovery;
pub mod introspection;
pub mod key_set;

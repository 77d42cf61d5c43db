//! Certificates of clients: who issued them, when they hold, what they are for, and whether they were revoked.
//!
//! | step | what |
//! |---|---|
//! | [`path`] | the way from the certificate to a trusted authority; times; extended key usage. Pure. |
//! | [`sources`] | where a certificate says that its revocation can be asked about. Pure. |
//! | [`ocsp`], [`crl`] | what an answer says of a certificate. Pure. |
//! | [`revocation`] | asks, within bounds of size and time |
//! | [`verifier`] | all of it together, and what is remembered of it |

mod crl;
mod der;
mod fault;
pub(crate) mod fuzzing;
mod ocsp;
mod path;
mod revocation;
mod signature;
mod sources;
mod subject;
mod verifier;

pub use fault::{AuthorityFault, CertificateFault};
pub use path::Authorities;
pub use subject::Subject;
pub use verifier::{CertificateVerifier, RevocationMode, RevocationSettings, Trusted};

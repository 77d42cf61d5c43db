//! Certificates and keys in PEM: what an entity's checks need to know of them.
//!
//! Nothing here trusts a certificate. It is read far enough to say whether it is one, when it ends, whether it is an
//! authority, and which key it has; chains are verified where connections are made.

mod certificate;
mod der;
mod key;
mod public_key;

pub use certificate::{Certificate, certificates, digest};
pub use key::{KeyFault, public_half};
pub use public_key::{KeyKind, PublicKey};

/// Why text is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// There is no block `CERTIFICATE`, or one that is broken.
    #[error("no PEM block 'CERTIFICATE' can be read")]
    Pem,
    /// A block does not have a certificate in it.
    #[error("the PEM block 'CERTIFICATE' does not hold an X.509 certificate")]
    Der,
}

//! Certificates, the names they are shown for, and authorities.

use serde::Deserialize;
use uuid::Uuid;

use super::{View, parent};

/// A certificate with its key: shown to clients by SNI, or to upstreams.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Certificate {
    /// Its id.
    pub id: Uuid,
    /// The chain in PEM, leaf first.
    pub cert: String,
    /// The private key in PEM.
    pub key: String,
    /// The chain for a key of another type (RSA beside ECDSA).
    pub cert_alt: Option<String>,
    /// Its private key.
    pub key_alt: Option<String>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A server name, for which a certificate is shown: exact, `*.x`, `x.*`, or `*` for all others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sni {
    /// Its id.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The certificate.
    #[serde(deserialize_with = "parent")]
    pub certificate: Uuid,
}

/// An authority whose certificates are trusted where something names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CaCertificate {
    /// Its id.
    pub id: Uuid,
    /// The certificate in PEM.
    pub cert: String,
}

impl View for Certificate {
    const NAME: &'static str = "certificate";
}

impl View for Sni {
    const NAME: &'static str = "SNI";
}

impl View for CaCertificate {
    const NAME: &'static str = "CA certificate";
}

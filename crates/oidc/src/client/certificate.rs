//! The certificate that a client shows in the handshake (RFC 8705 §2).

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::http::SetupFault;

/// A certificate chain with the private key of its leaf. Cheap to clone.
#[derive(Clone)]
pub struct ClientIdentity {
    chain: Arc<Vec<CertificateDer<'static>>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl ClientIdentity {
    /// Reads a chain, leaf first, and the key, both in PEM.
    ///
    /// # Errors
    /// [`SetupFault::Identity`] when either cannot be read. Whether they belong together shows when a client is made of them.
    pub fn from_pem(chain: &str, key: &str) -> Result<Self, SetupFault> {
        let fault = |what: &str| SetupFault::Identity(what.to_owned());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let chain = chain.map_err(|_| fault("the certificate is no PEM"))?;
        if chain.is_empty() {
            return Err(fault("there is no certificate"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| fault("the private key is no PEM"))?;
        Ok(Self { chain: Arc::new(chain), key: Arc::new(key) })
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.to_vec()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain && self.key.secret_der() == other.key.secret_der()
    }
}

impl Eq for ClientIdentity {}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientIdentity({} certificates)", self.chain.len())
    }
}

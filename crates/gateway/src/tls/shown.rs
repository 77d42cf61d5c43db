use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound_model::entity::Certificate;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureAlgorithm, SignatureScheme};

use crate::settings::ServerIdentity;

/// What is shown for one name: a chain with its key, and where there is one the same for another type of key.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    keys: Box<[Arc<CertifiedKey>]>,
}

/// Why a certificate of the configuration cannot be shown: the field, and what is wrong with it.
pub(crate) type ShownFault = (&'static str, String);

/// The certificates of the settings, which are shown where the configuration has none for a name: every listener with TLS looks
/// here at each handshake.
#[derive(Debug, Clone)]
pub struct Certificates(Arc<ArcSwap<Shown>>);

impl Certificates {
    pub(crate) fn new(shown: Shown) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(shown)))
    }

    /// Shows others from the next handshake on. Connections that are open keep theirs.
    ///
    /// # Errors
    /// A key that cannot be used, or is not the certificate's; nothing is exchanged then.
    pub fn replace(&self, identities: &[ServerIdentity]) -> Result<(), rustls::Error> {
        let shown = Shown::of_identities(identities)?.ok_or(rustls::Error::NoCertificatesPresented)?;
        self.0.store(Arc::new(shown));
        Ok(())
    }

    pub(crate) fn choose(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.load().choose(schemes)
    }
}

impl Shown {
    /// The certificates of the settings; `None` when there are none.
    ///
    /// # Errors
    /// A key that cannot be used, or is not the certificate's.
    pub(crate) fn of_identities(identities: &[ServerIdentity]) -> Result<Option<Self>, rustls::Error> {
        let keys = identities.iter().map(|identity| {
            let key = any_supported_type(&identity.key)?;
            certified(identity.chain.clone(), key)
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        Ok((!keys.is_empty()).then(|| Self::of_keys(keys)))
    }

    /// A certificate of the configuration.
    ///
    /// # Errors
    /// The field that holds no certificate or no key, or a key that is not the certificate's.
    pub(crate) fn of_certificate(certificate: &Certificate) -> Result<Self, ShownFault> {
        let mut keys = vec![from_pem(("cert", &certificate.cert), ("key", &certificate.key))?];
        match (&certificate.cert_alt, &certificate.key_alt) {
            (Some(cert), Some(key)) => keys.push(from_pem(("cert_alt", cert), ("key_alt", key))?),
            (Some(_), None) => return Err(("key_alt", "is missing beside cert_alt".to_owned())),
            (None, Some(_)) => return Err(("cert_alt", "is missing beside key_alt".to_owned())),
            (None, None) => {}
        }
        Ok(Self::of_keys(keys))
    }

    /// The first that the other side can check a signature of; where it can check none, the first, with which the
    /// handshake then says so.
    pub(crate) fn choose(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fitting = self.keys.iter().find(|certified| certified.key.choose_scheme(schemes).is_some());
        fitting.or(self.keys.first()).map(Arc::clone)
    }

    /// Elliptic curves before RSA: their signatures cost a tenth.
    fn of_keys(mut keys: Vec<Arc<CertifiedKey>>) -> Self {
        keys.sort_by_key(|certified| certified.key.algorithm() == SignatureAlgorithm::RSA);
        Self { keys: keys.into() }
    }
}

fn from_pem(
    (cert_field, cert): (&'static str, &str),
    (key_field, key): (&'static str, &str),
) -> Result<Arc<CertifiedKey>, ShownFault> {
    let chain = chain(cert).map_err(|reason| (cert_field, reason))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| (key_field, "holds no unencrypted private key in PEM".to_owned()))?;
    let key = any_supported_type(&key)
        .map_err(|error| (key_field, format!("holds a key that cannot be used: {error}")))?;
    certified(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => (key_field, "does not belong to the certificate".to_owned()),
        error => (cert_field, format!("holds a certificate that cannot be used: {error}")),
    })
}

/// The certificates of a text, at least one.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("is not PEM: {error}"))?;
    if chain.is_empty() { Err("holds no certificate in PEM".to_owned()) } else { Ok(chain) }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn rustls::sign::SigningKey>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // A key whose public part cannot be told is let through: the handshake shows it.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(certified)),
        Err(error) => Err(error),
    }
}

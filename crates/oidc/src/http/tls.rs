//! Whom a provider's certificate must be issued by.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::SetupFault;
use crate::client::ClientIdentity;

/// The certificate authorities that providers are checked against. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TrustRoots {
    store: Arc<RootCertStore>,
    given: Arc<Vec<CertificateDer<'static>>>,
}

impl TrustRoots {
    /// No authority at all: every certificate is refused until [`Self::with_pem`] adds some.
    #[must_use]
    pub fn empty() -> Self {
        Self { store: Arc::new(RootCertStore::empty()), given: Arc::default() }
    }

    /// The machine's authorities. Reads files: call it once, at start. Certificates of the machine's store that
    /// cannot be read are left out.
    #[must_use]
    pub fn system() -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self { store: Arc::new(store), given: Arc::default() }
    }

    /// These authorities and those of a PEM bundle (`lua_ssl_trusted_certificate`). A provider may also show a
    /// certificate of the bundle itself, as one that signed its own does.
    ///
    /// # Errors
    /// [`SetupFault::Roots`] when the text holds no certificate, or one that is no X.509 certificate.
    pub fn with_pem(&self, pem: &[u8]) -> Result<Self, SetupFault> {
        let mut store = RootCertStore::clone(&self.store);
        let mut given = Vec::clone(&self.given);
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|fault| SetupFault::Roots(fault.to_string()))?;
            store.add(certificate.clone()).map_err(|fault| SetupFault::Roots(fault.to_string()))?;
            given.push(certificate);
        }
        if given.len() == self.given.len() {
            return Err(SetupFault::Roots("no certificate in the file".to_owned()));
        }
        Ok(Self { store: Arc::new(store), given: Arc::new(given) })
    }

    /// TLS as a client that trusts these: for calls to others than providers too. With `verify` false, certificates are not
    /// checked.
    ///
    /// # Errors
    /// [`SetupFault::Tls`]
    pub fn client_config(&self, verify: bool) -> Result<ClientConfig, SetupFault> {
        client_config(self, verify, None)
    }

    /// How many authorities are trusted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether no authority is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }
}

/// The TLS side of a client: aws-lc-rs, TLS 1.2 and 1.3, the given roots, or no check of the certificate's issuer and
/// name at all when `verify` is false.
///
/// With an `identity`, it is shown to whoever asks for a certificate.
pub(super) fn client_config(
    roots: &TrustRoots,
    verify: bool,
    identity: Option<&ClientIdentity>,
) -> Result<ClientConfig, SetupFault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let trust = if !verify {
        Trust::Anything
    } else if roots.is_empty() {
        Trust::Nothing
    } else {
        let chains =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.store), Arc::clone(&provider))
                .build()
                .map_err(|fault| SetupFault::Tls(fault.to_string()))?;
        Trust::Roots { chains, given: Arc::clone(&roots.given) }
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|fault| SetupFault::Tls(fault.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { provider, trust }));
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain(), identity.key())
            .map_err(|fault| SetupFault::Identity(fault.to_string())),
    }
}

/// Checks a provider's certificate. The handshake's signatures are always checked, so the peer holds the key of the
/// certificate that it shows.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    trust: Trust,
}

#[derive(Debug)]
enum Trust {
    /// `ssl_verify: false`.
    Anything,
    /// Chains to the roots, and the given certificates themselves.
    Roots { chains: Arc<WebPkiServerVerifier>, given: Arc<Vec<CertificateDer<'static>>> },
    /// There are no roots.
    Nothing,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trust {
            Trust::Anything => Ok(ServerCertVerified::assertion()),
            Trust::Nothing => Err(CertificateError::UnknownIssuer.into()),
            // Chain building refuses an authority's certificate as a server's, and tools that make a certificate that
            // signs itself mark it as an authority's.
            Trust::Roots { given, .. } if given.contains(certificate) => verify_given(certificate, name, now),
            Trust::Roots { chains, .. } => {
                chains.verify_server_cert(certificate, intermediates, name, ocsp, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate that is trusted itself: its name and its times are all that is left to check.
fn verify_given(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, rustls::Error> {
    rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < parsed.validity().not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > parsed.validity().not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    Ok(ServerCertVerified::assertion())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificate_is_refused() {
        let fault = TrustRoots::empty().with_pem(b"nothing here").unwrap_err();
        assert_eq!(fault, SetupFault::Roots("no certificate in the file".to_owned()));
    }

    #[test]
    fn a_bundle_adds_its_certificates() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec![]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        let roots = TrustRoots::empty().with_pem(pem.as_bytes()).unwrap();
        assert_eq!(roots.len(), 1);
        assert!(TrustRoots::empty().is_empty());
    }
}

//! Whom a provider's certificate must be issued by.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::SetupFault;

/// The certificate authorities that providers are checked against. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TrustRoots(Arc<RootCertStore>);

impl TrustRoots {
    /// No authority at all: every certificate is refused until [`Self::with_pem`] adds some.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::new(RootCertStore::empty()))
    }

    /// The machine's authorities. Reads files: call it once, at start. Certificates of the machine's store that
    /// cannot be read are left out.
    #[must_use]
    pub fn system() -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self(Arc::new(store))
    }

    /// These authorities and those of a PEM bundle (`lua_ssl_trusted_certificate`).
    ///
    /// # Errors
    /// [`SetupFault::Roots`] when the text holds no certificate, or one that is no X.509 authority.
    pub fn with_pem(&self, pem: &[u8]) -> Result<Self, SetupFault> {
        let mut store = RootCertStore::clone(&self.0);
        let mut added = 0usize;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|fault| SetupFault::Roots(fault.to_string()))?;
            store.add(certificate).map_err(|fault| SetupFault::Roots(fault.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(SetupFault::Roots("no certificate in the file".to_owned()));
        }
        Ok(Self(Arc::new(store)))
    }

    /// How many authorities are trusted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no authority is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The TLS side of a client: aws-lc-rs, TLS 1.2 and 1.3, the given roots, or no check of the certificate's issuer and
/// name at all when `verify` is false.
pub(super) fn client_config(roots: &TrustRoots, verify: bool) -> Result<ClientConfig, SetupFault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|fault| SetupFault::Tls(fault.to_string()))?;
    if verify {
        return Ok(builder.with_root_certificates(Arc::clone(&roots.0)).with_no_client_auth());
    }
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth())
}

/// `ssl_verify: false`: any certificate is taken. The handshake's signatures are still checked, so the peer holds the
/// key of the certificate that it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
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

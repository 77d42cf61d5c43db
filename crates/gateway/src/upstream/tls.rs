use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::settings::UpstreamSettings;

/// TLS towards upstreams, with and without verification of their certificates.
#[derive(Debug, Clone)]
pub(crate) struct ClientTls {
    verified: Arc<ClientConfig>,
    unverified: Arc<ClientConfig>,
}

impl ClientTls {
    /// Loads the system's authorities (where asked for) and the given ones.
    ///
    /// # Errors
    /// A given authority that is no certificate. Unreadable certificates of the system are left out, as everywhere.
    pub(crate) fn new(settings: &UpstreamSettings) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        if settings.system_roots {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "a system certificate authority cannot be read");
            }
            roots.add_parsable_certificates(found.certs);
        }
        for root in &settings.roots {
            roots.add(root.clone())?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()
        };
        let verified = builder()?.with_root_certificates(roots).with_no_client_auth();
        let nobody = Arc::new(Unverified { provider: Arc::clone(&provider) });
        let unverified =
            builder()?.dangerous().with_custom_certificate_verifier(nobody).with_no_client_auth();
        Ok(Self { verified: Arc::new(verified), unverified: Arc::new(unverified) })
    }

    pub(crate) fn config(&self, verify: bool) -> Arc<ClientConfig> {
        Arc::clone(if verify { &self.verified } else { &self.unverified })
    }
}

/// Takes any certificate: what `tls_verify` off asks for. The handshake's signature is still checked, so that the
/// peer holds the key of the certificate that it shows.
#[derive(Debug)]
struct Unverified {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
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

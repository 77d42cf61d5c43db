use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, OtherError, RootCertStore};
use webpki::{EndEntityCert, KeyUsage};

use super::signatures::handshake_signatures;

/// What of an upstream's certificate is checked. The handshake's signature always is, so that the peer holds the key of
/// the certificate that it shows.
pub(crate) struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None` takes any certificate: what `tls_verify` off asks for.
    demands: Option<Demands>,
}

/// What a certificate must have to be taken.
pub(crate) struct Demands {
    /// The authorities that it must come from.
    pub(crate) roots: Arc<RootCertStore>,
    /// How many certificates may stand between it and one of the authorities.
    pub(crate) depth: u32,
}

impl Verifier {
    pub(crate) fn new(provider: Arc<CryptoProvider>, demands: Option<Demands>) -> Self {
        Self { provider, demands }
    }
}

impl Demands {
    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        provider: &CryptoProvider,
    ) -> Result<(), rustls::Error> {
        let depth = usize::try_from(self.depth).unwrap_or(usize::MAX);
        let certificate = EndEntityCert::try_from(leaf).map_err(|error| refusal(&error))?;
        let path = certificate.verify_for_usage(
            provider.signature_verification_algorithms.all,
            &self.roots.roots,
            intermediates,
            now,
            KeyUsage::server_auth(),
            None,
            Some(&|path| {
                if path.intermediate_certificates().count() > depth {
                    Err(webpki::Error::UnknownIssuer)
                } else {
                    Ok(())
                }
            }),
        );
        match path {
            Ok(_) => {}
            // Tools that make a certificate that signs itself mark it as an authority's. One that is trusted itself needs nobody who
            // speaks for it, and its times were checked before what it may be used for.
            Err(webpki::Error::CaUsedAsEndEntity) if self.trusts(leaf) => {}
            Err(error) => return Err(refusal(&error)),
        }
        verify_server_name(&ParsedCertificate::try_from(leaf)?, name)
    }

    /// Whether this is the certificate of one of the authorities.
    fn trusts(&self, certificate: &CertificateDer<'_>) -> bool {
        webpki::anchor_from_trusted_cert(certificate).is_ok_and(|anchor| self.roots.roots.contains(&anchor))
    }
}

fn refusal(error: &webpki::Error) -> rustls::Error {
    rustls::Error::InvalidCertificate(match error {
        webpki::Error::CertExpired { .. } => CertificateError::Expired,
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        other => CertificateError::Other(OtherError(Arc::new(other.clone()))),
    })
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = self.demands.as_ref().map(|demands| demands.depth);
        f.debug_struct("Verifier").field("depth", &depth).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(demands) = &self.demands {
            demands.check(end_entity, intermediates, server_name, now, &self.provider)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    handshake_signatures!(self => self.provider);
}

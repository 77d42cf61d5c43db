use std::sync::Arc;

use rustls::DistinguishedName;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};

use super::signatures::handshake_signatures;

/// Asks clients for a certificate and takes any, or none.
///
/// The handshake's signature is checked, so the client holds the key of the certificate that it shows. Who issued it, and
/// whether it is in time, is for plugins to judge: a token bound to a certificate that signed itself is as good as any
/// other (RFC 8705 §2.2).
#[derive(Debug)]
pub(super) struct Unverified(pub(super) Arc<CryptoProvider>);

impl ClientCertVerifier for Unverified {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    handshake_signatures!(self => self.0);
}

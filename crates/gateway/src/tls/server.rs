use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use super::shown::Shown;
use crate::settings::{CipherSuites, TlsProtocols, TlsSettings};
use crate::snapshot::SharedSnapshot;

/// TLS towards clients: the certificate is chosen at each handshake from the current snapshot, and HTTP/2 is offered by
/// ALPN where the listener speaks it.
///
/// # Errors
/// Suites and versions that leave nothing to speak.
pub(crate) fn server_config(
    settings: &TlsSettings,
    configured: &Arc<Shown>,
    snapshot: &SharedSnapshot,
    http2: bool,
) -> Result<ServerConfig, rustls::Error> {
    let mut provider = aws_lc_rs::default_provider();
    let protocols = match &settings.suites {
        CipherSuites::Modern => TlsProtocols::Tls13,
        CipherSuites::Intermediate | CipherSuites::Old => TlsProtocols::Both,
        CipherSuites::Custom(custom) => {
            provider.cipher_suites.retain(|suite| custom.suites.contains(&suite.suite()));
            custom.protocols
        }
    };
    let versions = match protocols {
        TlsProtocols::Both => &[&TLS13, &TLS12][..],
        TlsProtocols::Tls12 => &[&TLS12],
        TlsProtocols::Tls13 => &[&TLS13],
    };
    let resolver = ByName { snapshot: Arc::clone(snapshot), configured: Arc::clone(configured) };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols =
        if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    if settings.session_tickets {
        config.ticketer = aws_lc_rs::Ticketer::new()?;
    } else {
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// The certificate for the name in the handshake: the configuration's, else the settings'.
#[derive(Debug)]
struct ByName {
    snapshot: SharedSnapshot,
    configured: Arc<Shown>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let snapshot = self.snapshot.load();
        let shown = snapshot.certificates.find(hello.server_name()).unwrap_or(&self.configured);
        shown.choose(hello.signature_schemes())
    }
}

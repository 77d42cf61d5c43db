use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{Acceptor, ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::shown::Certificates;
use super::unverified::Unverified;
use crate::settings::TlsSettings;
use crate::snapshot::SharedSnapshot;

/// TLS towards clients: the certificate is chosen at each handshake from the current snapshot, and so is whether the client
/// is asked for one. HTTP/2 is offered by ALPN where the listener speaks it.
///
/// A handshake that asks and one that does not share no tickets and no sessions: a session that began without a
/// certificate being asked for is never resumed where one is, nor the other way round. rustls itself resumes no session
/// under another server name, and a session that is resumed has the certificate that it began with.
#[derive(Debug)]
pub(crate) struct ServerTls {
    plain: Arc<ServerConfig>,
    asking: Arc<ServerConfig>,
    snapshot: SharedSnapshot,
}

impl ServerTls {
    /// # Errors
    /// Suites and versions that leave nothing to speak.
    pub(crate) fn new(
        settings: &TlsSettings,
        configured: &Certificates,
        snapshot: &SharedSnapshot,
        http2: bool,
    ) -> Result<Self, rustls::Error> {
        let config = |asks| server_config(settings, configured, snapshot, http2, asks).map(Arc::new);
        Ok(Self { plain: config(false)?, asking: config(true)?, snapshot: Arc::clone(snapshot) })
    }

    /// The handshake, and whether it asked the client for a certificate.
    ///
    /// # Errors
    /// What is wrong with the client's messages, or with the connection.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let name = start.client_hello().server_name().map(str::to_ascii_lowercase);
        let asks = self.snapshot.load().asking.asks(name.as_deref());
        let config = if asks { &self.asking } else { &self.plain };
        Ok((start.into_stream(Arc::clone(config)).await?, asks))
    }
}

fn server_config(
    settings: &TlsSettings,
    configured: &Certificates,
    snapshot: &SharedSnapshot,
    http2: bool,
    asks: bool,
) -> Result<ServerConfig, rustls::Error> {
    let resolver = ByName { snapshot: Arc::clone(snapshot), configured: configured.clone() };
    let provider = Arc::new(settings.suites.provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&settings.suites.versions())?;
    let builder = if asks {
        builder.with_client_cert_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols =
        if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    if settings.session_tickets {
        config.ticketer = aws_lc_rs::Ticketer::new()?;
    } else {
        config.send_tls13_tickets = 0;
        // Nor is a session of TLS 1.2 resumed by its id: no setting bounds how long its secret would be kept.
        config.session_storage = Arc::new(NoServerSessionStorage {});
    }
    Ok(config)
}

/// The certificate for the name in the handshake: the configuration's, else the settings'.
#[derive(Debug)]
struct ByName {
    snapshot: SharedSnapshot,
    configured: Certificates,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let snapshot = self.snapshot.load();
        match snapshot.certificates.find(hello.server_name()) {
            Some(shown) => shown.choose(hello.signature_schemes()),
            None => self.configured.choose(hello.signature_schemes()),
        }
    }
}

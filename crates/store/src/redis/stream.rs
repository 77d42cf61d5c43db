//! A connection to one server: TCP or a Unix socket, with TLS around it where that is wanted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::fault::RedisFault;
use super::settings::{Address, RedisTls};

/// Bytes to and from a server.
pub(super) struct Stream(Box<dyn Duplex>);

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// How this process does TLS.
#[derive(Clone)]
pub struct TlsConfigs {
    /// Where certificates are checked.
    pub verified: Arc<ClientConfig>,
    /// Where they are not.
    pub unverified: Arc<ClientConfig>,
}

/// TLS as one client does it.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    server_name: Option<String>,
}

impl Tls {
    pub(super) fn new(settings: &RedisTls, configs: &TlsConfigs) -> Self {
        let config = if settings.verify { &configs.verified } else { &configs.unverified };
        Self { connector: TlsConnector::from(Arc::clone(config)), server_name: settings.server_name.clone() }
    }
}

impl Stream {
    pub(super) async fn tcp(address: &Address, tls: Option<&Tls>) -> Result<Self, RedisFault> {
        let failed = |error: std::io::Error| RedisFault::Unreachable(format!("{address}: {error}"));
        let bare = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(failed)?;
        bare.set_nodelay(true).map_err(failed)?;
        let Some(tls) = tls else { return Ok(Self(Box::new(bare))) };
        let name = tls.server_name.clone().unwrap_or_else(|| address.host.clone());
        let name = ServerName::try_from(name).map_err(|_| {
            RedisFault::Unreachable(format!("{address}: its name cannot be in a certificate"))
        })?;
        let secured = tls.connector.connect(name, bare).await.map_err(failed)?;
        Ok(Self(Box::new(secured)))
    }

    pub(super) async fn unix(path: &std::path::Path) -> Result<Self, RedisFault> {
        let opened = UnixStream::connect(path).await;
        let bare = opened.map_err(|error| RedisFault::Unreachable(format!("{}: {error}", path.display())))?;
        Ok(Self(Box::new(bare)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

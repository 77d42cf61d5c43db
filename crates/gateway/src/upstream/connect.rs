use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::pool::{Link, PoolKey};
use super::timed_io::{Stream, TimedIo, WriteTimeout};
use super::tls::ClientTls;

/// The most bytes of a response's head.
const MAX_HEAD: usize = 128 * 1024;

/// Opens a connection, over TLS where the key says so; the handshake counts into the timeout.
///
/// # Errors
/// The system's or the handshake's; [`io::ErrorKind::TimedOut`] after `timeout`.
pub(crate) async fn open(key: &PoolKey, tls: &ClientTls, timeout: Duration) -> io::Result<Link> {
    let stream = tokio::time::timeout(timeout, dial(key, tls))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let write_timeout = WriteTimeout::default();
    let io = TokioIo::new(TimedIo::new(stream, write_timeout.clone()));
    let (sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(io).await.map_err(io::Error::other)?;
    tokio::task::spawn_local(async move {
        // What ends a connection is told to the request that uses it; an idle one concerns nobody.
        let _ = connection.with_upgrades().await;
    });
    Ok(Link { sender, write_timeout, served: 0 })
}

async fn dial(key: &PoolKey, tls: &ClientTls) -> io::Result<Stream> {
    let stream = connect(key.address).await?;
    let Some((name, verify)) = &key.tls else { return Ok(Stream::Plain(stream)) };
    let name = ServerName::try_from(name.to_string()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(tls.config(*verify)).connect(name, stream).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

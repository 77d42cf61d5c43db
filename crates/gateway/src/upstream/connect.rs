use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::http1;
use super::pool::{Link, PoolKey, Sender, Shared};
use super::timed_io::{Stream, TimedIo, WriteTimeout};
use crate::listen::Local;

const MAX_HEADER_LIST: u32 = 128 * 1024;

/// Opens a connection, over TLS where the key says so; the handshake counts into the timeout.
///
/// # Errors
/// The system's or the handshake's; [`io::ErrorKind::TimedOut`] after `timeout`.
pub(crate) async fn open(key: &PoolKey, timeout: Duration) -> io::Result<Link> {
    let stream = tokio::time::timeout(timeout, dial(key))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let write_timeout = WriteTimeout::default();
    let io = TimedIo::new(stream, write_timeout.clone());
    if key.http2 {
        let (sender, connection) = http2::Builder::new(Local)
            .timer(TokioTimer::new())
            .max_header_list_size(MAX_HEADER_LIST)
            .handshake(TokioIo::new(io))
            .await
            .map_err(io::Error::other)?;
        let connection = Rc::new(RefCell::new(Box::pin(connection)));
        let shared = Some(Rc::new(Shared::of(&connection)));
        tokio::task::spawn_local(poll_fn(move |context| {
            // Nobody else holds it for longer than a look.
            connection.borrow_mut().as_mut().poll(context).map(|_| ())
        }));
        return Ok(Link { sender: Sender::Many(sender), write_timeout, served: 0, shared });
    }
    let sender = Sender::One(Box::new(http1::Connection::new(io)));
    Ok(Link { sender, write_timeout, served: 0, shared: None })
}

/// Whether the reason lies on this machine, and says nothing of the other side: no descriptor, port or memory was left.
pub(crate) fn is_ours(error: &io::Error) -> bool {
    // ENOMEM, ENFILE, EMFILE, EADDRNOTAVAIL and ENOBUFS of Linux.
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 99 | 105))
}

/// A connection and, where the key says so, a TLS handshake.
pub(crate) async fn dial(key: &PoolKey) -> io::Result<Stream> {
    let stream = connect(key.address).await?;
    let Some((name, identity)) = &key.tls else { return Ok(Stream::Plain(stream)) };
    let name = ServerName::try_from(name.to_string()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::clone(&identity.config)).connect(name, stream).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

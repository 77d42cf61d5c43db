//! The listeners of the Admin API and of the Status API: TCP, with TLS where it is asked for.
//!
//! What strangers can take up is bounded: connections, handshakes at once, and the time that either may stand still.

use std::future::Future as _;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::StartFault;
use crate::settings::{Listen, Settings};

/// Connections that are open at once on one address; more wait to be accepted.
const CONNECTIONS: usize = 1024;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may stand still: longer than anything that the Admin API does takes.
const STILL: Duration = Duration::from_secs(300);
/// How long is waited when the system has no further connection to give.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// One address, bound.
pub(super) struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    handshakes: JoinSet<Option<(Line, SocketAddr)>>,
}

impl Door {
    /// Binds the address of a setting, or takes over the socket that is bound to it; `tls` makes what it speaks with `ssl`.
    pub(super) fn bind(
        settings: &Settings,
        key: &'static str,
        listen: &Listen,
        tls: Option<Arc<ServerConfig>>,
        inherited: Vec<StdListener>,
    ) -> Result<Self, StartFault> {
        let fault = |cause: io::Error| StartFault::Listen {
            origin: settings.origin(key).clone(),
            key,
            address: listen.address,
            cause: cause.to_string(),
        };
        if let Some(taken) = inherited.into_iter().next() {
            taken.set_nonblocking(true).map_err(fault)?;
            return Self::on(TcpListener::from_std(taken).map_err(fault)?, tls).map_err(fault);
        }
        let socket = if listen.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(fault)?;
        // A restart binds while connections of the one before are still in TIME_WAIT.
        socket.set_reuseaddr(true).map_err(fault)?;
        socket.bind(listen.address).map_err(fault)?;
        let listener = socket.listen(listen.backlog.unwrap_or(Listen::BACKLOG)).map_err(fault)?;
        Self::on(listener, tls).map_err(fault)
    }

    fn on(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            tls: tls.map(TlsAcceptor::from),
            room: Arc::new(Semaphore::new(CONNECTIONS)),
            handshakes: JoinSet::new(),
        })
    }

    /// The listening socket once more, for another process that takes it over.
    pub(super) fn socket(&self) -> io::Result<StdListener> {
        self.listener.as_fd().try_clone_to_owned().map(StdListener::from)
    }

    /// The address, with the port that the system chose for port 0.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    async fn next(&mut self) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        loop {
            // The semaphore is never closed; if it were, waiting for ever is as closed as a door can be.
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else {
                std::future::pending::<()>().await;
                continue;
            };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Without it answers may wait for an acknowledgement; when it fails they are slower, and as good.
                    let _ = stream.set_nodelay(true);
                    return (stream, peer, permit);
                }
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    tracing::error!(%error, address = %self.address, "no connection can be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}

impl axum::serve::Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let Some(tls) = self.tls.clone() else {
            let (stream, peer, permit) = self.next().await;
            return (Line::new(Wire::Plain(stream), permit), peer);
        };
        loop {
            // What is polled here loses nothing when the other branch wins: a connection that is not accepted stays with
            // the system, a handshake that ended stays in the set.
            let mut handshakes = std::mem::take(&mut self.handshakes);
            let arrived = tokio::select! {
                Some(ended) = handshakes.join_next() => {
                    self.handshakes = handshakes;
                    if let Ok(Some(secured)) = ended {
                        return secured;
                    }
                    continue;
                }
                arrived = self.next() => arrived,
            };
            self.handshakes = handshakes;
            let (stream, peer, permit) = arrived;
            let handshake = tokio::time::timeout(HANDSHAKE, tls.accept(stream));
            self.handshakes.spawn(async move {
                match handshake.await {
                    Ok(Ok(stream)) => Some((Line::new(Wire::Tls(Box::new(stream)), permit), peer)),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, %peer, "a TLS handshake failed");
                        None
                    }
                    Err(_) => {
                        tracing::debug!(%peer, "a TLS handshake took too long");
                        None
                    }
                }
            });
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// An accepted connection, which ends when nothing moves on it for long.
pub(super) struct Line {
    wire: Wire,
    still: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    fn new(wire: Wire, permit: OwnedSemaphorePermit) -> Self {
        Self { wire, still: Box::pin(tokio::time::sleep(STILL)), _permit: permit }
    }

    /// Something moved: the wait begins again. Nothing did: the connection ends once it has waited long enough.
    fn watch<T>(&mut self, cx: &mut Context<'_>, progress: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.still.as_mut().reset(Instant::now() + STILL);
            return progress;
        }
        ready!(self.still.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let progress = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        self.watch(cx, progress)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let progress = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Wire::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.watch(cx, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.watch(cx, progress)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

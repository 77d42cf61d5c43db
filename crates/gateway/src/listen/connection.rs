use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use keybound_plugins::contract::{Connection, TlsInfo};
use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::activity::Activity;
use super::client_io::{ClientIo, Stream};
use super::stream::{StreamTasks, Turn};
use super::worker::{Client, Seat, Worker};
use super::{http1, proxy_protocol};
use crate::observe::Handshake;
use crate::proxy;
use crate::proxy::response_body::ResponseBody;
use crate::settings::Settings;
use crate::tls::server::ServerTls;

/// How HTTP/2 begins without TLS; three bytes tell it from every HTTP/1 method in use.
const PRIOR_KNOWLEDGE: &[u8] = b"PRI";

/// What is spoken on a connection before and beside HTTP/1.1.
#[derive(Debug, Clone)]
pub(crate) struct Spoken {
    pub(crate) tls: Option<Arc<ServerTls>>,
    pub(crate) http2: bool,
    pub(crate) proxy_protocol: bool,
}

/// Serves one connection to its end: the handshake, then requests.
pub(crate) async fn serve(
    seat: Seat,
    mut stream: TcpStream,
    mut peer: SocketAddr,
    local: SocketAddr,
    activity: Activity,
    Spoken { tls, http2, proxy_protocol }: Spoken,
) {
    let worker = Rc::clone(seat.worker());
    if stream.set_nodelay(true).is_err() {
        return;
    }
    // A listener on all addresses has another one for each connection.
    let local = stream.local_addr().unwrap_or(local);
    let mut named = true;
    if proxy_protocol {
        match announced(&worker.settings, &mut stream, peer).await {
            Some(client) => (peer, named) = client,
            None => return,
        }
    }
    // What a balancer passes on of somebody whom it does not name is not the balancer's word.
    let trusted = named && worker.settings.trust.trusts(peer.ip());
    let mut connection = Connection { peer, local, trusted, tls: None };
    let (stream, asked, http2) = match tls {
        None => {
            let http2 = http2 && begins_http2(&stream).await;
            (Stream::Plain(stream), false, http2)
        }
        // In a box, as everything that only some connections are: the others do not carry its size.
        Some(tls) => match Box::pin(handshake(&worker, &tls, stream, peer)).await {
            Some((stream, asked)) => {
                let (_, session) = stream.get_ref();
                let http2 = session.alpn_protocol() == Some(b"h2");
                connection.tls = Some(tls_info(session));
                (Stream::Tls(Box::new(stream)), asked, http2)
            }
            None => return,
        },
    };
    let client = Rc::new(Client::new(connection, asked, &worker.settings, activity.clone()));
    let io = ClientIo::new(stream, activity);
    if http2 {
        Box::pin(serve_http2(seat, client, io)).await;
    } else {
        http1::serve(seat, client, io).await;
    }
}

/// The handshake in its time, and whether it asked the client for a certificate.
async fn handshake(
    worker: &Worker,
    tls: &ServerTls,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<(TlsStream<TcpStream>, bool)> {
    let handshake = tls.accept(stream);
    match tokio::time::timeout(worker.settings.limits.handshake_timeout, handshake).await {
        Ok(Ok(accepted)) => {
            worker.counts.handshake(Handshake::Completed);
            Some(accepted)
        }
        Ok(Err(error)) => {
            worker.counts.handshake(Handshake::Failed);
            tracing::debug!(%error, %peer, "a TLS handshake failed");
            None
        }
        Err(_) => {
            worker.counts.handshake(Handshake::TimedOut);
            None
        }
    }
}

/// Whom the PROXY protocol's header of a connection names, where its peer's word counts; the peer otherwise, and whether that
/// is the client. `None`: there was no header in time, and the connection ends.
async fn announced(
    settings: &Settings,
    stream: &mut TcpStream,
    peer: SocketAddr,
) -> Option<(SocketAddr, bool)> {
    // In a box, so that the connections of other listeners do not carry its buffer.
    let header = Box::pin(proxy_protocol::receive(stream));
    match tokio::time::timeout(settings.limits.handshake_timeout, header).await {
        Ok(Ok(source)) => {
            let trust = &settings.trust;
            let counts = trust.proxy_protocol && trust.trusts(peer.ip());
            Some(match source.filter(|_| counts) {
                Some(client) => (client, true),
                None => (peer, !counts),
            })
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, %peer, "a connection without a header of the PROXY protocol");
            None
        }
        Err(_) => None,
    }
}

async fn serve_http2(seat: Seat, client: Rc<Client>, io: ClientIo) {
    let (worker, activity) = (Rc::clone(seat.worker()), client.activity.clone());
    let limits = &worker.settings.limits;
    let course = || {
        if activity.gives_up_too_much(limits) {
            Course::Cut
        } else if activity.is_worn(limits) {
            Course::Finish
        } else {
            Course::On
        }
    };
    let connection = http2::Builder::new(StreamTasks::new(&worker))
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(u32::try_from(limits.max_head_bytes.saturating_mul(2)).unwrap_or(u32::MAX))
        .serve_connection(TokioIo::new(io), service(&seat, client));
    drive(&seat, &activity, connection, |connection| connection.graceful_shutdown(), course).await;
}

fn service(
    seat: &Seat,
    client: Rc<Client>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Future<Output = Result<Response<ResponseBody>, Infallible>> + 'static,
> + 'static {
    let worker = Rc::clone(seat.worker());
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let (worker, client) = (Rc::clone(&worker), Rc::clone(&client));
        async move {
            let turn = Turn::new(&client.activity);
            let (parts, incoming) = request.into_parts();
            let response = proxy::serve(worker, client, parts, incoming.into(), false).await;
            turn.answered();
            Ok(response)
        }
    })
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// It goes on.
    On,
    /// It ends after the requests in flight.
    Finish,
    /// It ends at once.
    Cut,
}

/// Polls a connection to its end, and tells it once when it has to come to that.
async fn drive<C>(
    seat: &Seat,
    activity: &Activity,
    connection: C,
    stop: impl Fn(Pin<&mut C>),
    course: impl Fn() -> Course,
) where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let mut told = false;
    let mut remembered = false;
    let ended = poll_fn(|context| {
        // A task's waker stays the same; a task moves to no other.
        if !remembered {
            seat.remember(context.waker());
            remembered = true;
        }
        if course() == Course::Cut {
            tracing::debug!("a client gave up too many of its requests");
            return Poll::Ready(Ok(()));
        }
        let mut tell = |mut connection: Pin<&mut C>| {
            // Whoever connected just before the stop did so for a request, which may still be on its way.
            let stops = seat.worker().is_stopping() && !activity.is_unused();
            let now = !told && (stops || course() == Course::Finish);
            if now {
                stop(connection.as_mut());
                told = true;
            }
            now
        };
        tell(connection.as_mut());
        let mut polled = connection.as_mut().poll(context);
        if polled.is_pending() && tell(connection.as_mut()) {
            polled = connection.as_mut().poll(context);
        }
        polled
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended early");
    }
}

fn tls_info(session: &ServerConnection) -> TlsInfo {
    let chain = session.peer_certificates().unwrap_or_default();
    TlsInfo {
        sni: session.server_name().map(|name| name.trim_end_matches('.').to_ascii_lowercase().into()),
        client_chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
    }
}

async fn begins_http2(stream: &TcpStream) -> bool {
    let mut start = [0_u8; 3];
    // Fewer bytes than three, or none: HTTP/1 decides what to make of it.
    matches!(stream.peek(&mut start).await, Ok(3) if start == *PRIOR_KNOWLEDGE)
}

/// Runs the streams of an HTTP/2 connection on the worker's own thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

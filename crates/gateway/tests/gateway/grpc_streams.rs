//! Streams both ways at once through HTTP/2 on both sides, and what ends them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Limits, Listener, Settings};
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::lab::{Lab, route, service};

type Body = BoxBody<Bytes, io::Error>;
type Answer = Response<Body>;

/// The sending side of a body that is sent piece by piece.
struct Sending(mpsc::Sender<io::Result<Frame<Bytes>>>);

impl Sending {
    fn open() -> (Self, Body) {
        let (sender, receiver) = mpsc::channel(1);
        let frames = futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|frame| (frame, receiver))
        });
        (Self(sender), StreamBody::new(frames).boxed())
    }

    async fn data(&self, data: impl Into<Bytes>) {
        self.0.send(Ok(Frame::data(data.into()))).await.unwrap();
    }

    async fn trailers(&self, trailers: HeaderMap) {
        self.0.send(Ok(Frame::trailers(trailers))).await.unwrap();
    }

    async fn abort(self) {
        self.0.send(Err(io::ErrorKind::Interrupted.into())).await.unwrap();
    }
}

fn whole(text: &'static str) -> Body {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed()
}

/// An upstream of gRPC that answers as it is told, with at most so many streams on a connection. Counts connections.
async fn upstream<F, A>(streams: u32, answer: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(usize, Request<Incoming>) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let (counted, answer) = (Arc::clone(&connections), Arc::new(answer));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request| {
                let answered = answer(number, request);
                async move { Ok::<_, Infallible>(answered.await) }
            });
            tokio::spawn(async move {
                let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server
                    .max_concurrent_streams(streams)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (addr, connections)
}

/// An answer whose body is sent piece by piece.
fn streamed() -> (Sending, Answer) {
    let (sending, body) = Sending::open();
    (sending, Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

fn done() -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))])
}

/// Sends back every piece that comes, and the status at the end.
async fn echo(request: Request<Incoming>) -> Answer {
    let (sending, answer) = streamed();
    let mut body = request.into_body();
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return };
            if let Ok(data) = frame.into_data() {
                sending.data(data).await;
            }
        }
        sending.trailers(done()).await;
    });
    answer
}

fn lab(addr: SocketAddr, read_timeout: Duration, body_timeout: Duration) -> Lab {
    let listener = Listener { http2: true, ..Listener::plain("127.0.0.1:0".parse().unwrap()) };
    let limits = Limits { body_timeout, ..Limits::default() };
    let settings = Settings { listeners: vec![listener], limits, ..Settings::default() };
    let route =
        Route { paths: vec!["/".into()], protocols: vec![Protocol::Grpc], strip_path: false, ..route() };
    let service = Service { protocol: Protocol::Grpc, read_timeout, ..service(addr) };
    Lab::with(
        &Configuration { services: vec![service], routes: vec![route], ..Configuration::default() },
        settings,
    )
}

const LONG: Duration = Duration::from_secs(60);

async fn client(lab: &Lab) -> SendRequest<Body> {
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn call(body: Body) -> Request<Body> {
    Request::post("http://client.test/p.S/M")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "9S")
        .body(body)
        .unwrap()
}

async fn piece(body: &mut Incoming) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

#[tokio::test]
async fn each_message_comes_back_before_the_next_is_sent() {
    let (addr, _) = upstream(100, |_, request| {
        assert_eq!(request.headers().get("grpc-timeout").unwrap(), "9S");
        echo(request)
    })
    .await;
    let lab = lab(addr, LONG, LONG);
    let (sending, body) = Sending::open();
    let answer = client(&lab).await.send_request(call(body)).await.unwrap();
    let mut answer = answer.into_body();
    for message in ["one", "two", "three"] {
        sending.data(message).await;
        assert_eq!(piece(&mut answer).await, message);
    }
    drop(sending);
    let end = answer.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(end, done());
}

#[tokio::test]
async fn a_client_that_cancels_ends_the_stream_at_the_upstream() {
    let (ended, mut heard) = mpsc::unbounded_channel();
    let (addr, _) = upstream(100, move |_, request: Request<Incoming>| {
        let ended = ended.clone();
        async move {
            let (sending, answer) = streamed();
            let mut body = request.into_body();
            tokio::spawn(async move {
                ended.send(body.frame().await.unwrap().is_err()).unwrap();
                ended.send(body.frame().await.unwrap().is_err()).unwrap();
                drop(sending);
            });
            answer
        }
    })
    .await;
    let lab = lab(addr, LONG, LONG);
    let mut client = client(&lab).await;
    let (sending, body) = Sending::open();
    let answer = client.send_request(call(body)).await.unwrap();
    sending.data("one").await;
    // A reset overtakes what was not read before.
    assert_eq!(heard.recv().await, Some(false));
    sending.abort().await;
    drop(answer);
    assert_eq!(heard.recv().await, Some(true));
}

#[tokio::test]
async fn an_upstream_that_breaks_off_resets_the_clients_stream() {
    let (addr, _) = upstream(100, |_, request: Request<Incoming>| async move {
        let (sending, answer) = streamed();
        let mut body = request.into_body();
        tokio::spawn(async move {
            sending.data("part").await;
            piece(&mut body).await;
            sending.abort().await;
        });
        answer
    })
    .await;
    let lab = lab(addr, LONG, LONG);
    let (sending, body) = Sending::open();
    let answer = client(&lab).await.send_request(call(body)).await.unwrap();
    let mut answer = answer.into_body();
    assert_eq!(piece(&mut answer).await, "part");
    sending.data("seen").await;
    assert!(answer.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_client_may_be_silent_while_the_upstream_talks() {
    let (addr, _) = upstream(100, |_, request: Request<Incoming>| async move {
        let (sending, answer) = streamed();
        let mut body = request.into_body();
        tokio::spawn(async move {
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                sending.data("tick").await;
            }
            let last = piece(&mut body).await;
            sending.data(last).await;
        });
        answer
    })
    .await;
    let lab = lab(addr, LONG, Duration::from_millis(400));
    let (sending, body) = Sending::open();
    let answer = client(&lab).await.send_request(call(body)).await.unwrap();
    let mut answer = answer.into_body();
    for _ in 0..6 {
        assert_eq!(piece(&mut answer).await, "tick");
    }
    sending.data("last").await;
    assert_eq!(piece(&mut answer).await, "last");
}

#[tokio::test]
async fn an_upstream_may_be_silent_while_the_client_talks_and_not_when_nobody_does() {
    let (addr, _) = upstream(100, |_, request: Request<Incoming>| async move {
        let (sending, answer) = streamed();
        let mut body = request.into_body();
        tokio::spawn(async move {
            for _ in 0..8 {
                piece(&mut body).await;
            }
            sending.data("enough").await;
            let _ = body.frame().await;
        });
        answer
    })
    .await;
    let lab = lab(addr, Duration::from_millis(600), LONG);
    let (sending, body) = Sending::open();
    let answer = client(&lab).await.send_request(call(body)).await.unwrap();
    let mut answer = answer.into_body();
    for _ in 0..8 {
        sending.data("more").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(piece(&mut answer).await, "enough");
    assert!(answer.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn more_streams_than_one_connection_takes_go_over_a_second_one() {
    let (addr, connections) = upstream(1, |_, request| echo(request)).await;
    let lab = lab(addr, LONG, LONG);
    let mut client = client(&lab).await;
    let mut open = Vec::new();
    for message in ["one", "two", "three"] {
        let (sending, body) = Sending::open();
        sending.data(message).await;
        let mut answer = client.send_request(call(body)).await.unwrap().into_body();
        assert_eq!(piece(&mut answer).await, message);
        open.push((sending, answer));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_connection_that_did_not_answer_in_time_serves_nobody_else() {
    let (addr, connections) = upstream(100, |number, request| async move {
        if number == 0 {
            std::future::pending::<()>().await;
        }
        echo(request).await
    })
    .await;
    let lab = lab(addr, Duration::from_millis(500), LONG);
    let mut client = client(&lab).await;
    let answer = client.send_request(call(whole("one"))).await.unwrap();
    assert_eq!(answer.headers().get("grpc-status").unwrap(), "4");
    let answer = client.send_request(call(whole("two"))).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "two");
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

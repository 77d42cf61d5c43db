//! gRPC: what its routes demand of requests, and upstreams that speak it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Listener, Settings};
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::lab::{Lab, Upstream, route, service};
use crate::pki::self_signed;

/// What the upstream saw: head and body with its trailers.
type Seen = Arc<Mutex<Vec<(http::request::Parts, Bytes, Option<HeaderMap>)>>>;

/// An upstream of gRPC; over TLS with a certificate for `localhost`.
async fn grpc_upstream(tls: bool) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let made = self_signed("localhost");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(made.chain.clone(), made.der_key())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, noted) = (acceptor.clone(), Arc::clone(&noted));
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, Arc::clone(&noted)));
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                if tls {
                    let stream = acceptor.accept(stream).await.unwrap();
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                } else {
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                }
            });
        }
    });
    (addr, seen)
}

async fn answer(
    request: Request<Incoming>,
    seen: Seen,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    seen.lock().unwrap().push((parts, body.to_bytes(), trailers));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Ok(Frame::data(Bytes::from_static(b"reply"))), Ok(Frame::trailers(trailers))];
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed();
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

type Sent = Response<Incoming>;

/// Sends one request over HTTP/2 in the clear.
async fn ask(lab: &Lab, content_type: &str) -> Sent {
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", HeaderValue::from_static("7"));
    let body = Full::new(Bytes::from_static(b"ask")).with_trailers(std::future::ready(Some(Ok(trailers))));
    let request = Request::post("http://client.test/p.S/M")
        .header("content-type", content_type)
        .header("te", "trailers")
        .body(body)
        .unwrap();
    sender.send_request(request).await.unwrap()
}

fn listening() -> Settings {
    let listener = Listener { http2: true, ..Listener::plain("127.0.0.1:0".parse().unwrap()) };
    Settings { listeners: vec![listener], ..Settings::default() }
}

fn routed(protocols: &[Protocol], service: Service) -> Configuration {
    let route =
        Route { paths: vec!["/".into()], protocols: protocols.to_vec(), strip_path: false, ..route() };
    Configuration { services: vec![service], routes: vec![route], ..Configuration::default() }
}

async fn proxied(tls: bool) {
    let (addr, seen) = grpc_upstream(tls).await;
    let protocol = if tls { Protocol::Grpcs } else { Protocol::Grpc };
    let service = Service { protocol, host: "localhost".into(), ..service(addr) };
    let lab = Lab::with(&routed(&[Protocol::Grpc], service), listening());
    for _ in 0..2 {
        let response = ask(&lab, "application/grpc+proto").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/grpc");
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap().get("grpc-status").unwrap(), "0");
        assert_eq!(body.to_bytes(), "reply");
    }
    let seen = seen.lock().unwrap();
    let (parts, body, trailers) = &seen[0];
    let authority = format!("localhost:{}", addr.port());
    assert_eq!(parts.uri.authority().map(|authority| authority.as_str()), Some(authority.as_str()));
    assert_eq!((parts.uri.path(), &body[..]), ("/p.S/M", &b"ask"[..]));
    assert_eq!(trailers.as_ref().unwrap().get("x-checksum").unwrap(), "7");
    assert_eq!(parts.headers.get("te").unwrap(), "trailers");
    assert_eq!(parts.headers.get("x-forwarded-host").unwrap(), "client.test");
    assert_eq!(parts.headers.get("connection"), None);
}

#[tokio::test]
async fn grpc_goes_over_http_2_with_trailers_both_ways() {
    proxied(false).await;
}

#[tokio::test]
async fn grpc_over_tls_asks_for_http_2_by_alpn() {
    proxied(true).await;
}

#[tokio::test]
async fn what_is_not_grpc_is_refused_on_a_route_for_grpc() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&routed(&[Protocol::Grpc, Protocol::Grpcs], service(upstream.addr)), listening());
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.status(), 415);
    assert!(answer.body.contains("\"message\":\"Non-gRPC request matched gRPC route\""), "{answer:?}");
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn grpc_over_http_1_is_asked_to_change_to_http_2() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&routed(&[Protocol::Grpc], service(upstream.addr)), listening());
    let answer = lab
        .ask("POST /p.S/M HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(answer.status(), 426);
    assert_eq!((answer.field("connection"), answer.field("upgrade")), (Some("Upgrade"), Some("HTTP/2")));
    assert!(answer.body.contains("Please use HTTP2 protocol"), "{answer:?}");
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn grpc_without_tls_is_refused_on_a_route_for_grpcs() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&routed(&[Protocol::Grpcs], service(upstream.addr)), listening());
    let response = ask(&lab, "application/grpc").await;
    assert_eq!(response.status(), StatusCode::OK);
    let fields = ["content-type", "grpc-status", "grpc-message"].map(|name| response.headers()[name].clone());
    assert_eq!(fields, ["application/grpc", "1", "gRPC request matched gRPCs route"]);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(upstream.seen().len(), 0);
}

//! TLS on both sides, HTTP/2, and certificates of upstreams.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Listener, ServerIdentity, Settings, TlsSettings, UpstreamSettings};
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::lab::{Client, Lab, Step, Upstream, route, service};

struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

fn certificate(name: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    Certificate { chain: vec![made.cert.der().clone()], key: made.signing_key.serialize_der() }
}

impl Certificate {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).unwrap()
    }

    fn settings(&self) -> Settings {
        let identity = ServerIdentity { chain: self.chain.clone(), key: self.key() };
        let listeners = vec![Listener::tls("127.0.0.1:0".parse().unwrap())];
        Settings {
            listeners,
            tls: TlsSettings { identities: vec![identity], ..TlsSettings::default() },
            ..Settings::default()
        }
    }

    fn client(&self, alpn: &[&[u8]]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.chain[0].clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }

    fn server(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_no_client_auth().with_single_cert(self.chain.clone(), self.key()).unwrap())
    }
}

async fn dial(lab: &Lab, certificate: &Certificate, name: &str, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(certificate.client(alpn)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn http_1_over_tls_is_forwarded_as_https_and_routed_by_its_server_name() {
    let upstream = Upstream::echo().await;
    let certificate = certificate("gw.test");
    let routes = vec![Route { snis: vec!["gw.test".into()], protocols: vec![Protocol::Https], ..route() }];
    let lab = Lab::with(&Configuration { routes, ..upstream.behind_everything() }, certificate.settings());
    let mut client = Client::new(dial(&lab, &certificate, "gw.test", &[b"http/1.1"]).await);
    client.send("GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n").await;
    assert_eq!(client.answer().await.status(), 200);
    assert_eq!(upstream.only().field("x-forwarded-proto"), Some("https"));
}

#[tokio::test]
async fn http_2_is_forwarded_as_http_1_with_one_host() {
    let upstream = Upstream::echo().await;
    let certificate = certificate("gw.test");
    let routes = vec![Route { preserve_host: true, paths: vec!["/".into()], ..route() }];
    let mut lab =
        Lab::with(&Configuration { routes, ..upstream.behind_everything() }, certificate.settings());
    let stream = dial(&lab, &certificate, "gw.test", &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let running = tokio::spawn(connection);
    let request = |host: Option<&str>| {
        let mut request = Request::get("https://gw.test/x?y");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.body(Empty::<Bytes>::new()).unwrap()
    };
    let response = sender.send_request(request(None)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok");
    let seen = upstream.only();
    assert_eq!(seen.head.lines().next(), Some("GET /x?y HTTP/1.1"));
    assert_eq!(seen.fields("host"), ["gw.test"]);
    assert_eq!(seen.field("via"), Some(concat!("2 keybound/", env!("CARGO_PKG_VERSION"))));
    let refused = sender.send_request(request(Some("evil.test"))).await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(upstream.seen().len(), 1);
    lab.stop();
    running.await.unwrap().unwrap();
    lab.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_lets_http_2_streams_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let certificate = certificate("gw.test");
    let services = vec![service(listener.local_addr().unwrap())];
    let mut lab = Lab::with(&Configuration { services, ..echo.behind_everything() }, certificate.settings());
    let stream = dial(&lab, &certificate, "gw.test", &[b"h2"]).await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let running = tokio::spawn(connection);
    let request = Request::get("https://gw.test/").body(Empty::<Bytes>::new()).unwrap();
    let asking = tokio::spawn(sender.send_request(request));
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    upstream.head().await.unwrap();
    lab.stop();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await;
    let response = asking.await.unwrap().unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "done");
    drop(sender);
    running.await.unwrap().unwrap();
    lab.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn http_2_in_the_clear_is_told_by_its_first_bytes() {
    let upstream = Upstream::echo().await;
    let listener = Listener { http2: true, ..Listener::plain("127.0.0.1:0".parse().unwrap()) };
    let lab = Lab::with(
        &upstream.behind_everything(),
        Settings { listeners: vec![listener], ..Settings::default() },
    );
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://gw.test/").body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::OK);
    assert_eq!(lab.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await.status(), 200);
}

/// An upstream that speaks TLS in front of one that does not.
async fn over_tls(certificate: &Certificate, behind: std::net::SocketAddr) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(certificate.server());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    addr
}

async fn status_over_tls(name: &str, verify: Option<bool>, default: bool, trust_it: bool) -> u16 {
    let upstream =
        Upstream::scripted(|_, _| Step::Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into())).await;
    let certificate = certificate(name);
    let addr = over_tls(&certificate, upstream.addr).await;
    let roots = if trust_it { certificate.chain.clone() } else { Vec::new() };
    let settings =
        UpstreamSettings { roots, system_roots: false, tls_verify: default, ..UpstreamSettings::default() };
    let services = vec![Service {
        protocol: Protocol::Https,
        host: "localhost".into(),
        port: addr.port(),
        client_certificate: None,
        tls_verify: verify,
        tls_verify_depth: None,
        ca_certificates: None,
        retries: 0,
        ..service(addr)
    }];
    let lab = Lab::with(
        &Configuration { services, ..upstream.behind_everything() },
        Settings { upstream: settings, ..Settings::default() },
    );
    lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.status()
}

#[tokio::test]
async fn an_upstreams_certificate_is_verified_where_service_or_setting_say_so() {
    assert_eq!(status_over_tls("localhost", Some(true), false, true).await, 200);
    assert_eq!(status_over_tls("localhost", Some(true), false, false).await, 502);
    assert_eq!(status_over_tls("other.test", Some(true), false, true).await, 502);
    assert_eq!(status_over_tls("other.test", Some(false), true, false).await, 200);
    assert_eq!(status_over_tls("other.test", None, true, true).await, 502);
    assert_eq!(status_over_tls("other.test", None, false, false).await, 200);
}

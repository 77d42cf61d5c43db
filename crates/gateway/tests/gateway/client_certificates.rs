//! Which clients are asked for a certificate, what becomes of it, and connections that are used for two hosts.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Listener, Settings, TlsSettings};
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, PluginInstance, Route};
use keybound_plugins::contract::{BuildFault, Decision, Exchange, Flow, Instance, Plugin, PluginFactory};
use rstest::rstest;
use rustls::client::Tls13ClientSessionValue;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use uuid::Uuid;

use crate::lab::{Client, Lab, Upstream, plugin, route};
use crate::pki::{any_certificate, self_signed, showing};

/// A plugin that asks for a certificate and tells the upstream which it got.
struct Asks;

impl PluginFactory for Asks {
    fn build(&self, _instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Ok(Arc::new(Self))
    }
}

impl Plugin for Asks {
    fn name(&self) -> &'static str {
        "test"
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        let chain = exchange.head.connection.tls.as_ref().unwrap().client_chain.clone();
        let shown = chain.first().map_or("none".to_owned(), |der| der.len().to_string());
        exchange.head.headers.insert("x-shown", HeaderValue::from_str(&shown).unwrap());
        Box::pin(std::future::ready(Flow::Continue))
    }

    fn asks_for_certificate(&self) -> bool {
        true
    }
}

const ASKED: Uuid = Uuid::from_u128(11);

/// `asked.test` and `also.test` ask, `plain.test` and every other name do not.
fn configuration(upstream: &Upstream) -> Configuration {
    let asked = Route {
        id: ASKED,
        snis: vec!["asked.test".into(), "also.test".into()],
        paths: vec!["/".into()],
        protocols: vec![Protocol::Https],
        ..route()
    };
    let all = Route { id: Uuid::from_u128(12), paths: vec!["/".into()], ..route() };
    let plugins = vec![PluginInstance { route: Some(ASKED), ..plugin() }];
    Configuration { routes: vec![asked, all], plugins, ..upstream.behind_everything() }
}

fn settings() -> Settings {
    let identities = vec![self_signed("gw.test").identity()];
    Settings {
        listeners: vec![Listener::tls("127.0.0.1:0".parse().unwrap())],
        tls: TlsSettings { identities, ..TlsSettings::default() },
        ..Settings::default()
    }
}

async fn dial(lab: &Lab, name: &str, config: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await.unwrap()
}

/// What the upstream is told of the certificate, and how the handshake went.
async fn shown(
    lab: &Lab,
    upstream: &Upstream,
    name: &str,
    config: &Arc<ClientConfig>,
) -> (String, HandshakeKind) {
    let mut client = Client::new(dial(lab, name, config).await);
    client.send(format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n")).await;
    assert_eq!(client.answer().await.status(), 200);
    let kind = client.stream.get_ref().1.handshake_kind().unwrap();
    let told = upstream.seen().last().unwrap().field("x-shown").unwrap_or("not asked").to_owned();
    (told, kind)
}

fn resumed(told: &str) -> (String, HandshakeKind) {
    (told.to_owned(), HandshakeKind::Resumed)
}

#[rstest]
#[case(&TLS12)]
#[case(&TLS13)]
#[tokio::test]
async fn clients_are_asked_under_the_names_of_the_route(#[case] version: &'static SupportedProtocolVersion) {
    let upstream = Upstream::echo().await;
    let lab = Lab::with_plugins(&configuration(&upstream), settings(), &Asks);
    let made = self_signed("client.test");
    let length = made.leaf().len().to_string();
    // Sessions are kept by name: each name is met for the first time.
    for (name, told) in [("asked.test", length.as_str()), ("also.test", &length), ("plain.test", "not asked")]
    {
        let client = Arc::new(showing(&[version], &made));
        assert_eq!(shown(&lab, &upstream, name, &client).await.0, told, "{name}");
        let without = any_certificate(&[version], None);
        let told = if told == "not asked" { told } else { "none" };
        assert_eq!(shown(&lab, &upstream, name, &without).await.0, told, "{name} without");
    }
}

#[rstest]
#[case(&TLS12)]
#[case(&TLS13)]
#[tokio::test]
async fn a_resumed_session_has_the_certificate_that_it_began_with(
    #[case] version: &'static SupportedProtocolVersion,
) {
    let upstream = Upstream::echo().await;
    let lab = Lab::with_plugins(&configuration(&upstream), settings(), &Asks);
    let made = self_signed("client.test");
    let length = made.leaf().len().to_string();
    let client = Arc::new(showing(&[version], &made));
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await.0, length);
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await, resumed(&length));
    let without = any_certificate(&[version], None);
    assert_eq!(shown(&lab, &upstream, "asked.test", &without).await.0, "none");
    assert_eq!(shown(&lab, &upstream, "asked.test", &without).await, resumed("none"));
}

#[rstest]
#[case(&TLS12)]
#[case(&TLS13)]
#[tokio::test]
async fn a_session_from_before_the_question_is_not_resumed(
    #[case] version: &'static SupportedProtocolVersion,
) {
    let upstream = Upstream::echo().await;
    let asking = configuration(&upstream);
    let quiet = Configuration { plugins: Vec::new(), ..asking.clone() };
    let lab = Lab::with_plugins(&quiet, settings(), &Asks);
    let made = self_signed("client.test");
    let length = made.leaf().len().to_string();
    let client = Arc::new(showing(&[version], &made));
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await.0, "not asked");
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await, resumed("not asked"));
    lab.snapshot.store(Arc::new(lab.compiler.compile(&asking, &Asks).unwrap()));
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await, (length, HandshakeKind::Full));
}

#[rstest]
#[case(&TLS12)]
#[case(&TLS13)]
#[tokio::test]
async fn a_ticket_is_good_for_no_other_name(#[case] version: &'static SupportedProtocolVersion) {
    let upstream = Upstream::echo().await;
    let lab = Lab::with_plugins(&configuration(&upstream), settings(), &Asks);
    let made = self_signed("client.test");
    let length = made.leaf().len().to_string();
    let mut client = showing(&[version], &made);
    client.resumption = Resumption::store(Arc::new(OneName(ClientSessionMemoryCache::new(8))));
    let client = Arc::new(client);
    let full = |told: &str| (told.to_owned(), HandshakeKind::Full);
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await, full(&length));
    assert_eq!(shown(&lab, &upstream, "also.test", &client).await, full(&length));
    assert_eq!(shown(&lab, &upstream, "plain.test", &client).await, full("not asked"));
    assert_eq!(shown(&lab, &upstream, "asked.test", &client).await, full(&length));
}

#[tokio::test]
async fn a_connection_for_a_host_with_another_policy_is_misdirected() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with_plugins(&configuration(&upstream), settings(), &Asks);
    let client = any_certificate(&[&TLS13], None);
    for (name, host, status) in [
        ("plain.test", "asked.test", 421),
        ("plain.test", "asked.test:443", 421),
        ("plain.test", "ASKED.test", 421),
        ("asked.test", "plain.test", 421),
        ("asked.test", "also.test", 200),
        ("plain.test", "third.test", 200),
        ("asked.test", "asked.test", 200),
    ] {
        let mut http1 = Client::new(dial(&lab, name, &client).await);
        http1.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let answer = http1.answer().await;
        assert_eq!(answer.status(), status, "{name} {host}");
        if status == 421 {
            assert!(answer.body.contains("Misdirected request"), "{}", answer.body);
        }

        let mut config = ClientConfig::clone(&client);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TokioIo::new(dial(&lab, name, &Arc::new(config)).await);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        for (host, status) in [(name, 200), (host, status), (name, 200)] {
            let request = Request::get(format!("https://{host}/")).body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), status, "{name} {host} over HTTP/2");
        }
    }
}

#[tokio::test]
async fn a_plugin_for_everything_asks_everybody() {
    let upstream = Upstream::echo().await;
    let global = Configuration { plugins: vec![plugin()], ..configuration(&upstream) };
    let lab = Lab::with_plugins(&global, settings(), &Asks);
    let made = self_signed("client.test");
    let length = made.leaf().len().to_string();
    for name in ["plain.test", "127.0.0.1"] {
        let client = Arc::new(showing(&[&TLS13], &made));
        assert_eq!(shown(&lab, &upstream, name, &client).await.0, length, "{name}");
    }
}

/// Sessions of all names as if they were one's.
#[derive(Debug)]
struct OneName(ClientSessionMemoryCache);

fn one() -> ServerName<'static> {
    ServerName::try_from("one.test").unwrap()
}

impl ClientSessionStore for OneName {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(one(), group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(&one())
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(one(), value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(&one())
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.0.remove_tls12_session(&one());
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(one(), value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(&one())
    }
}

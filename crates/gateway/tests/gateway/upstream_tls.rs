//! How upstreams are known, and what they are shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use keybound_gateway::{Settings, UpstreamSettings};
use keybound_model::entity::{CaCertificate, Certificate, Protocol, Target};
use keybound_model::{Configuration, Service};
use rstest::rstest;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::balancing::{target, upstream};
use crate::lab::{Lab, Plugins, Upstream, service};
use crate::pki::{Authority, Made, self_signed_authority};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// What an upstream over TLS saw of each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    client: Option<CertificateDer<'static>>,
    pub(crate) name: Option<String>,
    resumed: bool,
}

/// An upstream that speaks TLS in front of one that does not, and notes what it is shown.
pub(crate) struct Secure {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Shown>>>,
}

impl Secure {
    pub(crate) async fn start(made: &Made, clients: &Authority, behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(clients.der.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(made.chain.clone(), made.der_key())
            .unwrap();
        config.ticketer = aws_lc_rs::Ticketer::new().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, noted) = (acceptor.clone(), Arc::clone(&noted));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let session = stream.get_ref().1;
                    noted.lock().unwrap().push(Shown {
                        client: session.peer_certificates().map(|chain| chain[0].clone()),
                        name: session.server_name().map(str::to_owned),
                        resumed: session.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
                    });
                    let mut plain = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
        Self { addr, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Shown> {
        self.seen.lock().unwrap().clone()
    }

    fn service(&self) -> Service {
        let host = "localhost".to_owned();
        Service { protocol: Protocol::Https, host, retries: 0, ..service(self.addr) }
    }
}

fn configuration(behind: &Upstream, service: Service) -> Configuration {
    Configuration { services: vec![service], ..behind.behind_everything() }
}

fn settings(upstream: UpstreamSettings) -> Settings {
    Settings { upstream: UpstreamSettings { system_roots: false, ..upstream }, ..Settings::default() }
}

async fn status(configuration: &Configuration, settings: Settings) -> u16 {
    Lab::with(configuration, settings).ask(GET).await.status()
}

#[tokio::test]
async fn the_authorities_of_a_service_take_the_place_of_the_settings() {
    let (ours, theirs, unknown) = (Authority::new("ours"), Authority::new("theirs"), Authority::new("none"));
    let behind = Upstream::echo().await;
    let secure = Secure::start(&ours.certificate("localhost"), &unknown, behind.addr).await;
    let of = |authority: &Authority| {
        let service = Service {
            tls_verify: Some(true),
            ca_certificates: Some(vec![Uuid::from_u128(7)]),
            ..secure.service()
        };
        let ca_certificates: Vec<CaCertificate> = vec![authority.entity(7)];
        Configuration { ca_certificates, ..configuration(&behind, service) }
    };
    let trusting = |authority: &Authority| UpstreamSettings {
        roots: vec![authority.der.clone()],
        ..UpstreamSettings::default()
    };
    assert_eq!(status(&of(&ours), settings(trusting(&theirs))).await, 200);
    assert_eq!(status(&of(&theirs), settings(trusting(&ours))).await, 502);
    let plain = Service { tls_verify: Some(true), ..secure.service() };
    assert_eq!(status(&configuration(&behind, plain), settings(trusting(&ours))).await, 200);
}

#[rstest]
#[case::trusted("localhost", true, true, 200)]
#[case::of_another_name("elsewhere", true, true, 502)]
#[case::no_longer_in_force("localhost", false, true, 502)]
#[case::of_a_stranger("localhost", true, false, 502)]
#[tokio::test]
async fn a_certificate_that_signed_itself_is_taken_where_it_is_trusted_itself(
    #[case] name: &str,
    #[case] in_force: bool,
    #[case] trusted: bool,
    #[case] want: u16,
) {
    let made = self_signed_authority(name, in_force);
    let other = self_signed_authority("localhost", true);
    let behind = Upstream::echo().await;
    let secure = Secure::start(&made, &Authority::new("none"), behind.addr).await;
    let roots = vec![if trusted { &made } else { &other }.leaf().clone()];
    let service = Service { tls_verify: Some(true), ..secure.service() };
    let settings = settings(UpstreamSettings { roots, ..UpstreamSettings::default() });
    assert_eq!(status(&configuration(&behind, service), settings).await, want);
}

/// A chain with this many authorities below the trusted one, and the depth that the service and the settings have.
#[rstest]
#[case(0, Some(0), 1, 200)]
#[case(1, Some(0), 9, 502)]
#[case(1, None, 1, 200)]
#[case(2, None, 1, 502)]
#[case(2, None, 2, 200)]
#[case(2, Some(2), 0, 200)]
#[case(2, Some(1), 9, 502)]
#[tokio::test]
async fn the_depth_bounds_the_authorities_between(
    #[case] between: usize,
    #[case] depth: Option<u32>,
    #[case] default: u32,
    #[case] want: u16,
) {
    let root = Authority::new("root");
    let mut last = root.authority("0");
    for number in 1..between {
        last = last.authority(&number.to_string());
    }
    let made = if between == 0 { root.certificate("localhost") } else { last.certificate("localhost") };
    assert_eq!(made.chain.len(), between + 1);
    let behind = Upstream::echo().await;
    let secure = Secure::start(&made, &root, behind.addr).await;
    let service = Service { tls_verify: Some(true), tls_verify_depth: depth, ..secure.service() };
    let upstream = UpstreamSettings {
        roots: vec![root.der.clone()],
        tls_verify_depth: default,
        ..UpstreamSettings::default()
    };
    assert_eq!(status(&configuration(&behind, service), settings(upstream)).await, want);
}

#[tokio::test]
async fn the_certificate_shown_is_the_services_else_the_upstreams_else_the_settings() {
    let authority = Authority::new("clients");
    let (of_service, of_upstream, of_settings) = (
        authority.certificate("service"),
        authority.certificate("upstream"),
        authority.certificate("settings"),
    );
    let behind = Upstream::echo().await;
    let secure = Secure::start(&authority.certificate("localhost"), &authority, behind.addr).await;
    let certificates: Vec<Certificate> = vec![of_service.entity(11), of_upstream.entity(12)];
    let shown = async |service: Service, upstream_has: bool, settings_have: bool| {
        let client_certificate = upstream_has.then(|| Uuid::from_u128(12));
        let upstreams = vec![keybound_model::entity::Upstream { client_certificate, ..upstream("pool") }];
        let targets: Vec<Target> = vec![target(&format!("127.0.0.1:{}", secure.addr.port()), 100)];
        let configuration = Configuration {
            certificates: certificates.clone(),
            upstreams,
            targets,
            ..configuration(&behind, service)
        };
        let identities = if settings_have { vec![of_settings.identity()] } else { Vec::new() };
        let settings = settings(UpstreamSettings { identities, ..UpstreamSettings::default() });
        assert_eq!(status(&configuration, settings).await, 200);
        secure.seen().last().unwrap().client.clone()
    };
    let balanced = || Service { host: "pool".into(), ..secure.service() };
    let own = Service { client_certificate: Some(Uuid::from_u128(11)), ..balanced() };
    assert_eq!(shown(own, true, true).await.as_ref(), Some(of_service.leaf()));
    assert_eq!(shown(balanced(), true, true).await.as_ref(), Some(of_upstream.leaf()));
    assert_eq!(shown(balanced(), false, true).await.as_ref(), Some(of_settings.leaf()));
    assert_eq!(shown(balanced(), false, false).await, None);
}

#[tokio::test]
async fn connections_are_shared_only_between_services_that_speak_tls_the_same_way() {
    let authority = Authority::new("clients");
    let behind = Upstream::echo().await;
    let secure = Secure::start(&authority.certificate("localhost"), &authority, behind.addr).await;
    let shown = authority.certificate("service");
    let mut configuration = configuration(&behind, secure.service());
    configuration.certificates.push(shown.entity(11));
    let lab = Lab::with(&configuration, settings(UpstreamSettings::default()));
    assert_eq!(lab.ask(GET).await.status(), 200);
    assert_eq!(lab.ask(GET).await.status(), 200);
    assert_eq!(secure.seen().len(), 1, "one connection for both");
    configuration.services[0].client_certificate = Some(Uuid::from_u128(11));
    lab.snapshot.store(Arc::new(lab.compiler.compile(&configuration, &Plugins::default()).unwrap()));
    assert_eq!(lab.ask(GET).await.status(), 200);
    let seen = secure.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].client.as_ref(), Some(shown.leaf()));
    assert_eq!(seen[1].name.as_deref(), Some("localhost"));
}

#[tokio::test]
async fn a_new_snapshot_goes_on_with_the_connections_and_sessions_of_the_one_before() {
    let authority = Authority::new("clients");
    // Each answer ends its connection, so that each request makes one.
    let behind = Upstream::scripted(|_, _| {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        crate::lab::Step::AnswerAndClose(answer.into())
    })
    .await;
    let secure = Secure::start(&authority.certificate("localhost"), &authority, behind.addr).await;
    let configuration = configuration(&behind, secure.service());
    let lab = Lab::with(&configuration, settings(UpstreamSettings::default()));
    assert_eq!(lab.ask(GET).await.status(), 200);
    lab.snapshot.store(Arc::new(lab.compiler.compile(&configuration, &Plugins::default()).unwrap()));
    assert_eq!(lab.ask(GET).await.status(), 200);
    let resumed: Vec<bool> = secure.seen().iter().map(|shown| shown.resumed).collect();
    assert_eq!(resumed, [false, true]);
}

#[tokio::test]
async fn what_a_service_refers_to_must_be_there() {
    let behind = Upstream::echo().await;
    let fault = |service: Service| {
        let configuration = configuration(&behind, service);
        keybound_gateway::Snapshot::compile(&configuration, &Plugins::default()).unwrap_err().to_string()
    };
    let https = || Service { protocol: Protocol::Https, ..service(behind.addr) };
    let missing = Service { client_certificate: Some(Uuid::from_u128(5)), ..https() };
    assert!(fault(missing).starts_with("service 'orders': client_certificate: there is no certificate 00"));
    let missing = Service { ca_certificates: Some(vec![Uuid::from_u128(5)]), ..https() };
    assert!(fault(missing).starts_with("service 'orders': ca_certificates: there is no CA certificate 00"));
}

//! Which certificate a client is shown, and what TLS is spoken with it.

use std::sync::Arc;

use keybound_gateway::{
    CipherSuites, Listener, ServerIdentity, Settings, Snapshot, TlsProtocols, TlsSettings,
};
use keybound_model::Configuration;
use keybound_model::entity::{Certificate, Sni};
use rstest::rstest;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, SignatureScheme};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use uuid::Uuid;

use crate::lab::{Lab, Plugins};
use crate::pki::{Made, any_certificate, self_signed, self_signed_rsa};

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&TLS12, &TLS13];

fn settings(identities: Vec<ServerIdentity>) -> Settings {
    let listeners = vec![Listener::tls("127.0.0.1:0".parse().unwrap())];
    Settings { listeners, tls: TlsSettings { identities, ..TlsSettings::default() }, ..Settings::default() }
}

fn sni(name: &str, certificate: &Certificate) -> Sni {
    Sni { id: Uuid::new_v4(), name: name.into(), certificate: certificate.id }
}

/// What is seen of a handshake.
struct Seen {
    leaf: CertificateDer<'static>,
    version: ProtocolVersion,
    suite: CipherSuite,
    tickets: u32,
    kind: HandshakeKind,
}

async fn handshake(lab: &Lab, name: &str, config: Arc<ClientConfig>) -> std::io::Result<Seen> {
    let stream = TcpStream::connect(lab.addr()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = TlsConnector::from(config).connect(name, stream).await?;
    // A request whose answer is read to its end, so that whatever comes after the handshake has come too.
    tokio::io::AsyncWriteExt::write_all(
        &mut stream,
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    .await?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&answer));
    let session: &ClientConnection = stream.get_ref().1;
    Ok(Seen {
        leaf: session.peer_certificates().unwrap()[0].clone(),
        version: session.protocol_version().unwrap(),
        suite: session.negotiated_cipher_suite().unwrap().suite(),
        tickets: session.tls13_tickets_received(),
        kind: session.handshake_kind().unwrap(),
    })
}

async fn leaf(lab: &Lab, name: &str) -> CertificateDer<'static> {
    handshake(lab, name, any_certificate(BOTH, None)).await.unwrap().leaf
}

#[tokio::test]
async fn the_exact_name_comes_before_the_wildcards_and_they_before_the_default() {
    let made: Vec<Made> = (0..4).map(|_| self_signed("made.test")).collect();
    let configured = self_signed("configured.test");
    let entities: Vec<_> = (1..).zip(&made).map(|(number, made)| made.entity(number)).collect();
    let snis = vec![
        sni("a.one.test", &entities[0]),
        sni("*.one.test", &entities[1]),
        sni("a.*", &entities[2]),
        sni("*", &entities[3]),
    ];
    let configuration = Configuration { certificates: entities.clone(), snis, ..Configuration::default() };
    let lab = Lab::with(&configuration, settings(vec![configured.identity()]));
    for (name, want) in [
        ("a.one.test", 0),
        ("A.ONE.test", 0),
        ("b.one.test", 1),
        ("c.b.one.test", 3),
        ("one.test", 3),
        ("a.other", 2),
        ("a.other.test", 3),
        // An address is never sent as a name.
        ("127.0.0.1", 3),
    ] {
        assert_eq!(leaf(&lab, name).await, *made[want].leaf(), "{name}");
    }
    let without = Configuration { snis: configuration.snis[..3].to_vec(), ..configuration };
    let snapshot = lab.compiler.compile(&without, &Plugins::default()).unwrap();
    lab.snapshot.store(Arc::new(snapshot));
    assert_eq!(leaf(&lab, "nobody.test").await, *configured.leaf());
    assert_eq!(leaf(&lab, "b.one.test").await, *made[1].leaf());
    lab.snapshot.store(Arc::new(Snapshot::empty()));
    assert_eq!(leaf(&lab, "a.one.test").await, *configured.leaf());
}

#[rstest]
#[case::configured(true)]
#[case::entity(false)]
#[tokio::test]
async fn the_type_of_key_follows_what_the_client_can_check(#[case] configured: bool) {
    let (rsa, ecdsa) = (self_signed_rsa("two.test"), self_signed("two.test"));
    let mut configuration = Configuration::default();
    let mut identities = vec![self_signed("other.test").identity()];
    if configured {
        identities = vec![rsa.identity(), ecdsa.identity()];
    } else {
        let both = ecdsa.entity(2);
        let entity = Certificate { cert_alt: Some(both.cert), key_alt: Some(both.key), ..rsa.entity(1) };
        configuration.snis.push(sni("two.test", &entity));
        configuration.certificates.push(entity);
    }
    let lab = Lab::with(&configuration, settings(identities));
    let only = |scheme| any_certificate(&[&TLS13], Some(vec![scheme]));
    let shown = async |config| handshake(&lab, "two.test", config).await.unwrap().leaf;
    assert_eq!(shown(only(SignatureScheme::RSA_PSS_SHA256)).await, *rsa.leaf());
    assert_eq!(shown(only(SignatureScheme::ECDSA_NISTP256_SHA256)).await, *ecdsa.leaf());
    assert_eq!(shown(any_certificate(BOTH, None)).await, *ecdsa.leaf());
    let old = Some(vec![SignatureScheme::RSA_PKCS1_SHA256]);
    assert_eq!(shown(any_certificate(&[&TLS12], old)).await, *rsa.leaf());
}

#[rstest]
#[case(CipherSuites::Modern, false, true)]
#[case(CipherSuites::Intermediate, true, true)]
#[case(CipherSuites::Old, true, true)]
#[case(CipherSuites::custom("ECDHE-ECDSA-AES128-GCM-SHA256", TlsProtocols::Tls12).unwrap(), true, false)]
#[case(CipherSuites::custom("TLS_AES_128_GCM_SHA256", TlsProtocols::Tls13).unwrap(), false, true)]
#[tokio::test]
async fn the_suites_decide_the_versions(
    #[case] suites: CipherSuites,
    #[case] tls12: bool,
    #[case] tls13: bool,
) {
    let mut settings = settings(vec![self_signed("a.test").identity()]);
    settings.tls.suites = suites;
    let lab = Lab::with(&Configuration::default(), settings);
    let spoken = async |version: &'static rustls::SupportedProtocolVersion| {
        handshake(&lab, "a.test", any_certificate(&[version], None)).await.ok()
    };
    assert_eq!(spoken(&TLS12).await.map(|seen| seen.version), tls12.then_some(ProtocolVersion::TLSv1_2));
    assert_eq!(spoken(&TLS13).await.map(|seen| seen.version), tls13.then_some(ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn only_the_suites_that_are_named_are_spoken() {
    let mut settings = settings(vec![self_signed("a.test").identity()]);
    let names = "ECDHE-ECDSA-CHACHA20-POLY1305:TLS_CHACHA20_POLY1305_SHA256";
    settings.tls.suites = CipherSuites::custom(names, TlsProtocols::Both).unwrap();
    let lab = Lab::with(&Configuration::default(), settings);
    let suite = async |version: &'static rustls::SupportedProtocolVersion| {
        handshake(&lab, "a.test", any_certificate(&[version], None)).await.unwrap().suite
    };
    assert_eq!(suite(&TLS12).await, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    assert_eq!(suite(&TLS13).await, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn tickets_to_resume_with_are_given_where_the_settings_say_so(#[case] tickets: bool) {
    let mut settings = settings(vec![self_signed("a.test").identity()]);
    settings.tls.session_tickets = tickets;
    let lab = Lab::with(&Configuration::default(), settings);
    let seen = handshake(&lab, "a.test", any_certificate(&[&TLS13], None)).await.unwrap();
    assert_eq!(seen.tickets > 0, tickets);
}

#[rstest]
#[case::tls_1_2(&TLS12)]
#[case::tls_1_3(&TLS13)]
#[tokio::test]
async fn no_session_is_resumed_where_the_settings_give_no_tickets(
    #[case] version: &'static rustls::SupportedProtocolVersion,
    #[values(true, false)] tickets: bool,
) {
    let mut settings = settings(vec![self_signed("a.test").identity()]);
    settings.tls.session_tickets = tickets;
    let lab = Lab::with(&Configuration::default(), settings);
    // One client, which keeps what it can resume: ticket or session id.
    let client = any_certificate(&[version], None);
    let kind = async || handshake(&lab, "a.test", Arc::clone(&client)).await.unwrap().kind;
    assert_eq!(kind().await, HandshakeKind::Full);
    let again = if tickets { HandshakeKind::Resumed } else { HandshakeKind::Full };
    assert_eq!(kind().await, again);
}

#[test]
fn a_certificate_that_cannot_be_shown_is_refused_by_name_and_field() {
    let fault = |certificate: Certificate| {
        let certificates = vec![certificate];
        let configuration = Configuration { certificates, ..Configuration::default() };
        Snapshot::compile(&configuration, &Plugins::default()).unwrap_err().to_string()
    };
    let (one, other) = (self_signed("a.test").entity(1), self_signed("a.test").entity(2));
    let named = "certificate 00000000-0000-0000-0000-000000000001: ";
    let is = |certificate: Certificate, want: &str| {
        let fault = fault(certificate);
        assert!(fault.strip_prefix(named).is_some_and(|rest| rest.starts_with(want)), "{fault}");
    };
    is(Certificate { cert: "nothing".into(), ..one.clone() }, "cert: holds no certificate in PEM");
    is(Certificate { key: "nothing".into(), ..one.clone() }, "key: holds no unencrypted private key");
    is(Certificate { key: other.key.clone(), ..one.clone() }, "key: does not belong to the certificate");
    is(Certificate { cert_alt: Some(other.cert), ..one.clone() }, "key_alt: is missing beside cert_alt");
    let snis = vec![Sni { id: Uuid::nil(), name: "a.test".into(), certificate: Uuid::from_u128(9) }];
    let missing = Configuration { snis, ..Configuration::default() };
    let fault = Snapshot::compile(&missing, &Plugins::default()).unwrap_err().to_string();
    assert!(fault.starts_with("sni 'a.test': certificate: there is no certificate 00000000"), "{fault}");
}

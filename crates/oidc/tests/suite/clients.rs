//! Who asks: certificates, several clients, the endpoints for them, and the way through a proxy.

use std::sync::Arc;
use std::time::Duration;

use keybound_oidc::{
    AuthMethod, ClientCredentials, ClientIdentity, ClientSettings, HttpClient, HttpSettings,
    IntrospectionSettings, Introspector, MutualTls, OwnKeys, Proxies, Proxy, RequestExtras, SetupFault,
    TokenPolicy, TrustRoots,
};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::jwk::PublicKey;
use keybound_pop::jws::CompactJws;
use keybound_pop::sign::SigningKey;
use keybound_pop::thumbprint::token_hash;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;

use crate::mock::Mock;
use crate::setup::{METADATA, NOW, Setup, introspect, provider_code};

const PATH: &str = "/introspect";

fn by(method: AuthMethod) -> ClientCredentials {
    let settings = ClientSettings {
        id: "gateway".to_owned(),
        method: Some(method),
        has_certificate: true,
        ..Default::default()
    };
    ClientCredentials::of(settings).unwrap()
}

/// An authority, a server that takes only its clients, and a client of it.
struct Pki {
    roots: TrustRoots,
    acceptor: TlsAcceptor,
    identity: ClientIdentity,
}

fn pki() -> Pki {
    let authority = || {
        let mut parameters = rcgen::CertificateParams::new(vec![]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters
    };
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = authority().self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(authority(), ca_key);
    let issue = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (names.signed_by(&key, &issuer).unwrap(), key)
    };
    let (server, server_key) = issue("localhost");
    let (client, client_key) = issue("gateway");
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::try_from(server_key.serialize_der()).unwrap(),
        )
        .unwrap();
    Pki {
        roots: TrustRoots::empty().with_pem(ca.pem().as_bytes()).unwrap(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
        identity: ClientIdentity::from_pem(&client.pem(), &client_key.serialize_pem()).unwrap(),
    }
}

fn http(roots: TrustRoots, identity: Option<ClientIdentity>) -> HttpClient {
    HttpClient::new(&HttpSettings { identity, ..HttpSettings::new(roots) }, Handle::current()).unwrap()
}

fn mutual(pki: &Pki, endpoint: Option<String>) -> Option<MutualTls> {
    let endpoint = endpoint.map(|url| url.parse().unwrap());
    Some(MutualTls { http: http(pki.roots.clone(), Some(pki.identity.clone())), endpoint })
}

#[tokio::test]
async fn a_certificate_is_shown_at_the_alias_of_the_metadata_or_of_the_configuration() {
    for method in [AuthMethod::Tls, AuthMethod::SelfSignedTls] {
        let (setup, pki) = (Setup::new().await, pki());
        let secure = Mock::start_tls(pki.acceptor.clone()).await;
        let place = |path: &str| format!("https://localhost:{}{path}", secure.addr.port());
        setup.mock.json(
            METADATA,
            &json!({
                "issuer": setup.mock.url(""),
                "introspection_endpoint": setup.mock.url(PATH),
                "mtls_endpoint_aliases": {"introspection_endpoint": place(PATH)},
            }),
        );
        secure.json(PATH, &json!({"active": true}));
        secure.json("/configured", &json!({"active": true}));
        for (endpoint, path) in [(None, PATH), (Some(place("/configured")), "/configured")] {
            let settings = IntrospectionSettings {
                clients: vec![by(method)],
                mutual_tls: mutual(&pki, endpoint),
                ..Default::default()
            };
            introspect(&setup.introspector(settings), "t").await.unwrap();
            let asked = secure.last(path);
            assert_eq!(asked.field("client_id").as_deref(), Some("gateway"));
            assert_eq!((asked.header("authorization"), asked.field("client_secret")), (None, None));
        }
        assert_eq!(setup.mock.count(PATH), 0);
    }
}

#[tokio::test]
async fn without_the_certificate_the_handshake_fails_as_the_providers_fault() {
    let (mut setup, pki) = (Setup::new().await, pki());
    let secure = Mock::start_tls(pki.acceptor.clone()).await;
    secure.json(PATH, &json!({"active": true}));
    let url = format!("https://localhost:{}{PATH}", secure.addr.port());
    setup.settings.introspection_endpoint = Some(url);
    let mutual_tls = Some(MutualTls { http: http(pki.roots.clone(), None), endpoint: None });
    let settings =
        IntrospectionSettings { clients: vec![by(AuthMethod::Tls)], mutual_tls, ..Default::default() };
    let code = provider_code(introspect(&setup.introspector(settings), "t").await);
    assert!(matches!(code, "provider_tls" | "provider_broken_answer" | "provider_unreachable"), "{code}");
    assert_eq!(secure.count(PATH), 0);
}

#[tokio::test]
async fn a_certificate_is_never_taken_for_shown_without_tls() {
    let (setup, pki) = (Setup::new().await, pki());
    setup.mock.json(PATH, &json!({"active": true}));
    let settings = IntrospectionSettings {
        clients: vec![by(AuthMethod::Tls)],
        mutual_tls: mutual(&pki, None),
        ..Default::default()
    };
    assert_eq!(provider_code(introspect(&setup.introspector(settings), "t").await), "provider_endpoint");
    assert_eq!(setup.mock.count(PATH), 0);
}

#[tokio::test]
async fn a_certificate_and_the_key_of_another_are_refused_at_configuration() {
    let (one, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let certificate = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&one).unwrap();
    let identity = ClientIdentity::from_pem(&certificate.pem(), &other.serialize_pem()).unwrap();
    let settings = HttpSettings { identity: Some(identity), ..HttpSettings::new(TrustRoots::empty()) };
    let fault = HttpClient::new(&settings, Handle::current()).unwrap_err();
    assert!(matches!(fault, SetupFault::Identity(_)), "{fault}");
    assert!(ClientIdentity::from_pem("no certificate", &other.serialize_pem()).is_err());
    assert!(ClientIdentity::from_pem(&certificate.pem(), "no key").is_err());
}

#[tokio::test]
async fn each_client_authenticates_in_its_own_way_and_has_answers_of_its_own() {
    let setup = Setup::new().await;
    setup.mock.json(PATH, &json!({"active": true}));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let secret = ClientCredentials::new("one".to_owned(), Some("s".to_owned()), Some(AuthMethod::SecretPost));
    let signing = ClientCredentials::of(ClientSettings {
        id: "two".to_owned(),
        method: Some(AuthMethod::PrivateKeyJwt),
        jwk: Some(key.to_jwk()),
        ..Default::default()
    });
    let settings =
        IntrospectionSettings { clients: vec![secret.unwrap(), signing.unwrap()], ..Default::default() };
    let introspector = setup.introspector(settings);
    let ask = async |client: usize| {
        let extras = RequestExtras { client, ..Default::default() };
        introspector.introspect("t", &token_hash(b"t"), &extras).await.unwrap();
        setup.mock.last(PATH)
    };
    assert_eq!(ask(0).await.field("client_secret").as_deref(), Some("s"));
    let asked = ask(1).await;
    assert_eq!(asked.field("client_secret"), None);
    let assertion = asked.field("client_assertion").unwrap();
    let jws = CompactJws::parse(&assertion, 8192).unwrap();
    assert_eq!(jws.verify(&key.public()), Ok(()));
    let claims = jws.claims().unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("two"), &json!(setup.mock.url(""))));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 60)));
    // What was kept for one is not used for the other; a place beyond the end is the first client's.
    ask(0).await;
    ask(1).await;
    assert_eq!(setup.mock.count(PATH), 2);
    assert_eq!(ask(7).await.field("client_id").as_deref(), Some("one"));
}

#[tokio::test]
async fn keys_of_our_own_sign_once_they_are_there_and_before_that_it_is_our_fault() {
    let setup = Setup::new().await;
    setup.mock.json(PATH, &json!({"active": true}));
    let own_keys = Arc::new(OwnKeys::default());
    let client = ClientCredentials::of(ClientSettings {
        id: "gateway".to_owned(),
        method: Some(AuthMethod::PrivateKeyJwt),
        algorithm: Some("ES256".to_owned()),
        own_keys: Some(Arc::clone(&own_keys)),
        ..Default::default()
    });
    let settings = IntrospectionSettings { clients: vec![client.unwrap()], ..Default::default() };
    let introspector = setup.introspector(settings);
    assert!(own_keys.are_missing());
    let fault = introspect(&introspector, "t").await.unwrap_err();
    assert_eq!((fault.code(), fault.retry_after()), ("provider_client_keys", Some(1)));
    assert_eq!(setup.mock.count(PATH), 0);

    let mut jwk = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk();
    jwk.insert("kid".to_owned(), "own".into());
    own_keys.put(Some(&[jwk])).unwrap();
    introspect(&introspector, "t").await.unwrap();
    let assertion = setup.mock.last(PATH).field("client_assertion").unwrap();
    let jws = CompactJws::parse(&assertion, 8192).unwrap();
    let published = own_keys.published();
    assert_eq!(jws.kid(), published[0]["kid"].as_str());
    assert_eq!(jws.verify(&PublicKey::from_jwk(&published[0]).unwrap()), Ok(()));
}

#[tokio::test]
async fn metadata_choose_the_strongest_method_that_was_configured() {
    let long = "0123456789abcdef0123456789abcdef";
    let key = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk();
    for (listed, jwk, secret, field) in [
        (json!(["client_secret_basic", "private_key_jwt"]), Some(&key), Some(long), "client_assertion"),
        (json!(["client_secret_post", "private_key_jwt"]), None, Some(long), "client_secret"),
        (json!(["client_secret_jwt"]), None, Some(long), "client_assertion"),
        (json!(["client_secret_jwt", "none"]), None, None, "client_id"),
    ] {
        let setup = Setup::new().await;
        setup.mock.json(PATH, &json!({"active": true}));
        setup.mock.json(
            METADATA,
            &json!({
                "issuer": setup.mock.url(""),
                "introspection_endpoint": setup.mock.url(PATH),
                "token_endpoint_auth_methods_supported": listed,
            }),
        );
        let client = ClientCredentials::of(ClientSettings {
            id: "gateway".to_owned(),
            secret: secret.map(str::to_owned),
            jwk: jwk.cloned(),
            ..Default::default()
        });
        let settings = IntrospectionSettings { clients: vec![client.unwrap()], ..Default::default() };
        introspect(&setup.introspector(settings), "t").await.unwrap();
        assert!(setup.mock.last(PATH).field(field).is_some(), "{listed}: {field}");
    }
}

#[tokio::test]
async fn a_contradiction_to_the_metadata_is_refused_where_that_is_asked_for() {
    for (listed, endpoint, detail) in [
        (json!(["private_key_jwt"]), None, "client_auth"),
        (json!(["client_secret_basic"]), Some("/other"), "introspection_endpoint"),
    ] {
        let mut setup = Setup::new().await;
        setup.mock.json(PATH, &json!({"active": true}));
        setup.mock.json("/other", &json!({"active": true}));
        setup.mock.json(
            METADATA,
            &json!({
                "issuer": setup.mock.url(""),
                "introspection_endpoint": setup.mock.url(PATH),
                "introspection_endpoint_auth_methods_supported": listed,
            }),
        );
        setup.settings.introspection_endpoint = endpoint.map(|path| setup.mock.url(path));
        let method = Some(AuthMethod::SecretBasic);
        let client = ClientCredentials::new("gateway".to_owned(), Some("s".to_owned()), method).unwrap();
        let settings = || IntrospectionSettings { clients: vec![client.clone()], ..Default::default() };
        introspect(&setup.introspector(settings()), "t").await.unwrap();
        let policy = TokenPolicy { verify_parameters: true, ..Default::default() };
        let strict = Introspector::new(setup.provider(), settings(), policy);
        let fault = introspect(&strict, "t").await.unwrap_err();
        assert_eq!(fault.code(), "provider_parameters");
        assert!(fault.to_string().contains(detail), "{fault}");
    }
}

#[tokio::test]
async fn calls_go_through_the_proxy_except_to_hosts_that_need_none() {
    let setup = Setup::new().await;
    setup.mock.json(PATH, &json!({"active": true}));
    let proxy = Mock::start().await;
    let target = setup.mock.url(PATH);
    proxy.json(&target, &json!({"active": true}));
    let through = |none_for: Option<&str>| HttpSettings {
        timeout: Duration::from_secs(20),
        proxies: Proxies {
            http: Some(Proxy { url: proxy.url(""), authorization: Some("Basic cHJveHk=".to_owned()) }),
            https: None,
            none_for: none_for.map(str::to_owned),
        },
        ..HttpSettings::new(TrustRoots::empty())
    };
    for (none_for, proxied) in [(None, 1), (Some("other.test"), 2), (Some("other.test, 127.0.0.1"), 2)] {
        let http = HttpClient::new(&through(none_for), Handle::current()).unwrap();
        let mut settings = setup.settings.clone();
        settings.introspection_endpoint = Some(target.clone());
        let provider = keybound_oidc::Provider::new(&settings, http, Arc::clone(&setup.clock) as _).unwrap();
        let introspector =
            Introspector::new(provider, IntrospectionSettings::default(), TokenPolicy::default());
        introspect(&introspector, "t").await.unwrap();
        assert_eq!(proxy.count(&target), proxied, "{none_for:?}");
    }
    assert_eq!(proxy.last(&target).header("proxy-authorization"), Some("Basic cHJveHk="));
    assert_eq!(setup.mock.last(PATH).header("proxy-authorization"), None);
}

#[tokio::test]
async fn calls_are_made_in_the_configured_version_of_http() {
    for (http_1_0, version) in [(false, "HTTP/1.1"), (true, "HTTP/1.0")] {
        let setup = Setup::new().await;
        setup.mock.json(PATH, &json!({"active": true}));
        let settings = HttpSettings { http_1_0, ..HttpSettings::new(TrustRoots::empty()) };
        let http = HttpClient::new(&settings, Handle::current()).unwrap();
        let provider =
            keybound_oidc::Provider::new(&setup.settings, http, Arc::clone(&setup.clock) as _).unwrap();
        let introspector =
            Introspector::new(provider, IntrospectionSettings::default(), TokenPolicy::default());
        introspect(&introspector, "t").await.unwrap();
        assert_eq!(setup.mock.last(PATH).version, version);
        assert_eq!(setup.mock.last(METADATA).version, version);
    }
}

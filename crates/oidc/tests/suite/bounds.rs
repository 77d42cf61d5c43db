//! What a provider may do to us: nothing beyond its bound.

use std::sync::Arc;
use std::time::Duration;

use keybound_oidc::{Cause, IntrospectionSettings, Provider, ProviderSettings, TrustRoots};
use keybound_pop::time::FixedClock;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use crate::mock::{Mock, Reply};
use crate::setup::{METADATA, NOW, Setup, http, introspect, provider_code, verify};

#[tokio::test]
async fn answers_that_are_no_key_set_are_the_providers_fault() {
    for (reply, code) in [
        (Reply::Endless, "provider_answer_too_large"),
        (Reply::Plain(200, vec![], vec![b' '; 2 << 20]), "provider_answer_too_large"),
        (Reply::status(302).with("location", "file:///etc/passwd"), "provider_redirect"),
        (Reply::status(307).with("location", "/other"), "provider_redirect"),
        (Reply::Garbage, "provider_broken_answer"),
        (Reply::Broken, "provider_broken_answer"),
        (Reply::Plain(200, vec![], b"<html>".to_vec()), "provider_malformed"),
        (Reply::Plain(200, vec![], br#"{"keys":[],"keys":[]}"#.to_vec()), "provider_malformed"),
        (Reply::Plain(200, vec![], vec![b'['; 100_000]), "provider_malformed"),
        (Reply::json(&json!([])), "provider_malformed"),
        (Reply::json(&json!({"keys": {}})), "provider_malformed"),
        (Reply::status(204), "provider_status"),
        (Reply::status(401), "provider_status"),
        (Reply::status(429).with("retry-after", "9"), "provider_rate_limited"),
    ] {
        let setup = Setup::new().await;
        setup.mock.reply("/keys", reply);
        assert_eq!(provider_code(verify(&setup.verifier(), &setup.token()).await), code);
        assert_eq!(setup.mock.count("/other"), 0);
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let mut setup = Setup::new().await;
    setup.timeout = Duration::from_millis(100);
    setup.mock.reply("/keys", Reply::Hang);
    assert_eq!(provider_code(verify(&setup.verifier(), &setup.token()).await), "provider_timeout");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unreachable() {
    let mut setup = Setup::new().await;
    // A port that was free a moment ago and is not listened on.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    setup.settings.jwks_endpoint = Some(format!("http://{gone}/keys"));
    assert_eq!(provider_code(verify(&setup.verifier(), &setup.token()).await), "provider_unreachable");
}

#[tokio::test]
async fn an_introspection_answer_is_read_up_to_64_kib() {
    let setup = Setup::new().await;
    let answer = |size: usize| json!({"active": true, "filler": "x".repeat(size)});
    setup.mock.json("/introspect", &answer(64 * 1024));
    let introspector = setup.introspector(IntrospectionSettings::default());
    assert_eq!(provider_code(introspect(&introspector, "a").await), "provider_answer_too_large");
    setup.mock.json("/introspect", &answer(63 * 1024));
    introspect(&introspector, "a").await.unwrap();
}

/// A provider over TLS with this certificate, and what its metadata come to under roots and `ssl_verify`.
async fn tls_metadata(
    chain: Vec<CertificateDer<'static>>,
    key: &rcgen::KeyPair,
    host: &str,
    roots: TrustRoots,
    verify: bool,
) -> Result<(), Cause> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let mock = Mock::start_tls(TlsAcceptor::from(Arc::new(config))).await;
    let issuer = format!("https://{host}:{}", mock.addr.port());
    mock.json(METADATA, &json!({"issuer": issuer}));
    let http = http(roots, verify, Duration::from_secs(20));
    let provider =
        Provider::new(&ProviderSettings::new(&issuer), http, Arc::new(FixedClock::at(NOW))).unwrap();
    provider.metadata().await.map(drop).map_err(|fault| fault.cause)
}

fn authority() -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_given() {
    let (ca_key, key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let ca = authority().self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(authority(), ca_key);
    let names = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap();
    let chain = || vec![certificate.der().clone()];
    let given = TrustRoots::empty().with_pem(ca.pem().as_bytes()).unwrap();
    assert_eq!(tls_metadata(chain(), &key, "localhost", given.clone(), true).await, Ok(()));
    assert_eq!(tls_metadata(chain(), &key, "127.0.0.1", given, true).await, Err(Cause::Tls));
    assert_eq!(tls_metadata(chain(), &key, "localhost", TrustRoots::empty(), true).await, Err(Cause::Tls));
    assert_eq!(tls_metadata(chain(), &key, "127.0.0.1", TrustRoots::empty(), false).await, Ok(()));
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_trusted_when_it_is_given_and_holds() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = authority().self_signed(&key).unwrap();
    let chain = || vec![certificate.der().clone()];
    let given = TrustRoots::empty().with_pem(certificate.pem().as_bytes()).unwrap();
    assert_eq!(tls_metadata(chain(), &key, "localhost", given.clone(), true).await, Ok(()));
    assert_eq!(tls_metadata(chain(), &key, "127.0.0.1", given, true).await, Err(Cause::Tls));

    let mut old = authority();
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    old.not_before = rcgen::date_time_ymd(2019, 1, 1);
    let old = old.self_signed(&key).unwrap();
    let given = TrustRoots::empty().with_pem(old.pem().as_bytes()).unwrap();
    assert_eq!(tls_metadata(vec![old.der().clone()], &key, "localhost", given, true).await, Err(Cause::Tls));
}

//! Metadata: found, compared, kept.

use std::sync::Arc;
use std::time::Duration;

use keybound_oidc::{Cause, Provider, ProviderSettings, SettingsFault, TrustRoots};
use serde_json::json;

use crate::mock::Reply;
use crate::setup::{METADATA, Setup, http, provider_code, verify};

#[tokio::test]
async fn metadata_are_fetched_once_and_only_when_needed() {
    let setup = Setup::new().await;
    let provider = setup.provider();
    assert_eq!(setup.mock.count(METADATA), 0);
    let metadata = provider.metadata().await.unwrap().unwrap();
    assert_eq!(*metadata.issuer, *setup.mock.url(""));
    assert_eq!(metadata.jwks_uri.as_ref().unwrap().as_str(), setup.mock.url("/keys"));
    provider.metadata().await.unwrap();
    assert_eq!(setup.mock.count(METADATA), 1);
}

#[tokio::test]
async fn the_url_of_the_metadata_serves_as_issuer() {
    let mut setup = Setup::new().await;
    setup.settings.issuer = setup.mock.url(METADATA);
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
}

#[tokio::test]
async fn metadata_at_the_place_of_rfc_8414_are_found() {
    let mut setup = Setup::new().await;
    let issuer = setup.mock.url("/tenant");
    setup.settings.issuer.clone_from(&issuer);
    let path = "/.well-known/oauth-authorization-server/tenant";
    setup.mock.json(path, &json!({"issuer": issuer, "jwks_uri": setup.mock.url("/keys")}));
    assert_eq!(*setup.provider().metadata().await.unwrap().unwrap().issuer, *issuer);
    assert_eq!(setup.mock.count("/tenant/.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer_are_the_providers_fault() {
    let setup = Setup::new().await;
    setup.mock.json(METADATA, &json!({"issuer": "https://other.test", "jwks_uri": setup.mock.url("/keys")}));
    let fault = setup.provider().metadata().await.unwrap_err();
    assert_eq!(fault.cause, Cause::IssuerMismatch);
    assert_eq!(provider_code(verify(&setup.verifier(), &setup.token()).await), "provider_issuer_mismatch");
    assert_eq!(setup.mock.count("/keys"), 0);
}

#[tokio::test]
async fn a_provider_that_is_down_at_the_start_is_asked_again_after_five_seconds_and_recovers() {
    let setup = Setup::new().await;
    setup.mock.reply(METADATA, Reply::status(500));
    let verifier = setup.verifier();
    let token = setup.token();
    for _ in 0..3 {
        assert_eq!(provider_code(verify(&verifier, &token).await), "provider_status");
    }
    assert_eq!(setup.mock.count(METADATA), 1);

    setup.clock.advance(4);
    assert_eq!(provider_code(verify(&verifier, &token).await), "provider_status");
    assert_eq!(setup.mock.count(METADATA), 1);

    crate::setup::publish(&setup.mock, "");
    setup.clock.advance(1);
    verify(&verifier, &token).await.unwrap();
    assert_eq!(setup.mock.count(METADATA), 2);
}

#[tokio::test]
async fn old_metadata_serve_while_they_are_renewed_and_when_that_fails() {
    let setup = Setup::new().await;
    let provider = setup.provider();
    provider.metadata().await.unwrap();
    setup.clock.advance(3600);
    setup.mock.shut();
    provider.metadata().await.unwrap();
    setup.mock.until(METADATA, 2).await;
    setup.mock.reply(METADATA, Reply::status(500));
    setup.mock.open();
    setup.clock.advance(3600);
    provider.metadata().await.unwrap();
}

#[tokio::test]
async fn a_key_set_that_moved_is_found_by_newer_metadata() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();

    let other = crate::signer::Signer::new("k2");
    setup.mock.reply("/keys", Reply::status(404));
    setup.mock.json("/moved", &crate::signer::key_set(&[&other]));
    setup.mock.json(METADATA, &json!({"issuer": setup.mock.url(""), "jwks_uri": setup.mock.url("/moved")}));
    verify(&verifier, &other.token(&setup.claims())).await.unwrap();
}

#[tokio::test]
async fn a_pseudo_issuer_is_never_discovered() {
    let mut setup = Setup::new().await;
    setup.settings.using_pseudo_issuer = true;
    setup.settings.issuer = "urn:nowhere".to_owned();
    setup.settings.jwks_endpoint = Some(setup.mock.url("/keys"));
    let token = setup.key.token(&setup.claims_with(json!({"iss": "urn:nowhere"})));
    verify(&setup.verifier(), &token).await.unwrap();
    assert_eq!(setup.provider().metadata().await.unwrap(), None);
    assert_eq!(setup.mock.count(METADATA), 0);
}

#[tokio::test]
async fn metadata_requests_carry_the_configured_fields() {
    let mut setup = Setup::new().await;
    let name = "x-tenant".parse().unwrap();
    setup.settings.discovery_headers = vec![(name, "one".parse().unwrap())];
    setup.provider().metadata().await.unwrap();
    assert_eq!(setup.mock.last(METADATA).header("x-tenant"), Some("one"));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let setup = Setup::new().await;
    let good = &setup.settings;
    let file = || Some("file:///etc/passwd".to_owned());
    for (field, settings) in [
        ("issuer", ProviderSettings { issuer: "id.test".to_owned(), ..good.clone() }),
        ("jwks_endpoint", ProviderSettings { jwks_endpoint: file(), ..good.clone() }),
        ("introspection_endpoint", ProviderSettings { introspection_endpoint: file(), ..good.clone() }),
        (
            "extra_jwks_uris",
            ProviderSettings { extra_jwks_uris: file().into_iter().collect(), ..good.clone() },
        ),
    ] {
        let http = http(TrustRoots::empty(), true, Duration::from_secs(1));
        let fault = Provider::new(&settings, http, Arc::clone(&setup.clock) as _).unwrap_err();
        assert_eq!(fault, SettingsFault::Url(field));
    }
}

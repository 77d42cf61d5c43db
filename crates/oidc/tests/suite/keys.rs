//! Key sets: which keys count, when a set is fetched, whose tokens it verifies.

use std::sync::Arc;

use keybound_oidc::{TokenFault, Verifier};
use serde_json::{Value, json};

use crate::mock::Reply;
use crate::setup::{METADATA, Setup, provider_code, publish, token_fault, verify};
use crate::signer::{Signer, key_set};

/// Verifies all tokens at the same time, while the provider holds its answers back until it was asked once more for
/// `path`; returns how many were accepted.
async fn flood(setup: &Setup, verifier: Verifier, tokens: Vec<String>, path: &str) -> usize {
    let asked = setup.mock.count(path);
    let verifier = Arc::new(verifier);
    setup.mock.shut();
    let tasks: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            let verifier = Arc::clone(&verifier);
            tokio::spawn(async move { verify(&verifier, &token).await.is_ok() })
        })
        .collect();
    setup.mock.until(path, asked + 1).await;
    setup.mock.open();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap());
    }
    accepted
}

#[tokio::test]
async fn fifty_requests_at_once_fetch_metadata_and_keys_once() {
    let setup = Setup::new().await;
    let tokens = (0..50).map(|n| setup.key.token(&setup.claims_with(json!({"jti": n})))).collect();
    assert_eq!(flood(&setup, setup.verifier(), tokens, METADATA).await, 50);
    assert_eq!(setup.mock.count(METADATA), 1);
    assert_eq!(setup.mock.count("/keys"), 1);
}

#[tokio::test]
async fn what_is_known_of_a_provider_is_shown_without_asking_it_and_can_be_let_go() {
    let setup = Setup::new().await;
    let provider = setup.provider();
    assert!(provider.at_hand().is_none());
    assert_eq!(setup.mock.count(METADATA), 0);
    provider.metadata().await.unwrap();
    let known = provider.at_hand().unwrap();
    assert_eq!(known.metadata.document.get("issuer"), Some(&json!(*known.issuer)));
    assert!(known.keys.is_empty(), "no token needed them yet");
    provider.forget();
    assert!(provider.at_hand().is_none());
    provider.metadata().await.unwrap();
    assert_eq!(setup.mock.count(METADATA), 2);
}

#[tokio::test]
async fn a_request_that_is_given_up_does_not_end_the_fetch_that_others_share() {
    let setup = Setup::new().await;
    let verifier = Arc::new(setup.verifier());
    let token = setup.token();
    setup.mock.shut();
    let first = {
        let (verifier, token) = (Arc::clone(&verifier), token.clone());
        tokio::spawn(async move { verify(&verifier, &token).await })
    };
    setup.mock.until(METADATA, 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    setup.mock.open();
    verify(&verifier, &token).await.unwrap();
    assert_eq!(setup.mock.count(METADATA), 1);
    assert_eq!(setup.mock.count("/keys"), 1);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_fetch_in_the_rediscovery_time() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();

    let tokens = (0..50).map(|n| Signer::new(&format!("unknown{n}")).token(&setup.claims())).collect();
    assert_eq!(flood(&setup, verifier, tokens, "/keys").await, 0);
    assert_eq!(setup.mock.count("/keys"), 2);
}

#[tokio::test]
async fn a_cold_flood_of_unknown_keys_is_the_first_fetch_and_no_other() {
    let setup = Setup::new().await;
    let tokens = (0..50).map(|n| Signer::new(&format!("unknown{n}")).token(&setup.claims())).collect();
    assert_eq!(flood(&setup, setup.verifier(), tokens, METADATA).await, 0);
    assert_eq!(setup.mock.count("/keys"), 1);
}

#[tokio::test]
async fn a_new_key_is_found_by_one_renewal_that_all_who_wait_share() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();

    let new = Signer::new("k2");
    setup.mock.json("/keys", &key_set(&[&setup.key, &new]));
    let tokens = (0..50).map(|n| new.token(&setup.claims_with(json!({"jti": n})))).collect();
    assert_eq!(flood(&setup, verifier, tokens, "/keys").await, 50);
    assert_eq!(setup.mock.count("/keys"), 2);
}

#[tokio::test]
async fn unknown_keys_cause_the_next_renewal_only_after_the_rediscovery_time() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    let unknown = Signer::new("k2").token(&setup.claims());
    for (advance, fetches) in [(0, 2), (0, 2), (29, 2), (1, 3), (29, 3)] {
        setup.clock.advance(advance);
        assert_eq!(token_fault(verify(&verifier, &unknown).await), TokenFault::UnknownKey);
        assert_eq!(setup.mock.count("/keys"), fetches, "after {advance}");
    }
}

#[tokio::test]
async fn a_key_replaced_under_its_name_is_found_by_one_renewal() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();

    let successor = Signer::new("k1");
    setup.mock.json("/keys", &key_set(&[&successor]));
    verify(&verifier, &successor.token(&setup.claims())).await.unwrap();
    assert_eq!(setup.mock.count("/keys"), 2);

    let forged = Signer::new("k1").token(&setup.claims());
    for _ in 0..3 {
        assert_eq!(token_fault(verify(&verifier, &forged).await), TokenFault::Signature);
    }
    assert_eq!(setup.mock.count("/keys"), 2);
}

#[tokio::test]
async fn forged_signatures_do_not_use_up_the_renewal_for_unknown_keys() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    let forged = Signer::new("k1").token(&setup.claims());
    assert_eq!(token_fault(verify(&verifier, &forged).await), TokenFault::Signature);

    let new = Signer::new("k2");
    setup.mock.json("/keys", &key_set(&[&new]));
    verify(&verifier, &new.token(&setup.claims())).await.unwrap();
}

#[tokio::test]
async fn known_keys_hold_while_the_provider_fails() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    setup.mock.reply("/keys", Reply::status(500));
    setup.mock.reply(METADATA, Reply::status(500));
    setup.clock.advance(86_400);
    let now = crate::setup::NOW + 86_400;
    for n in 0..3 {
        let claims = setup.claims_with(json!({"iat": now, "exp": now + 300, "jti": n}));
        verify(&verifier, &setup.key.token(&claims)).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_key_is_the_providers_fault_while_it_fails() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    setup.mock.reply("/keys", Reply::status(503).with("retry-after", "17"));
    let fault = verify(&verifier, &Signer::new("k2").token(&setup.claims())).await.unwrap_err();
    assert_eq!((fault.code(), fault.retry_after()), ("provider_status", Some(17)));
}

#[tokio::test]
async fn old_keys_serve_while_new_ones_are_fetched_in_the_background() {
    let setup = Setup::new().await;
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    let now = crate::setup::NOW + 3600;
    setup.clock.advance(3600);
    setup.mock.shut();
    let claims = setup.claims_with(json!({"iat": now, "exp": now + 300}));
    verify(&verifier, &setup.key.token(&claims)).await.unwrap();
    setup.mock.until(METADATA, 2).await;
    setup.mock.until("/keys", 2).await;
    setup.mock.open();
}

#[tokio::test]
async fn members_that_are_not_for_signatures_are_not_used() {
    let setup = Setup::new().await;
    let changed = |changes: Value| {
        let mut jwk = setup.key.jwk();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    for member in [
        changed(json!({"use": "enc"})),
        changed(json!({"use": null})),
        changed(json!({"key_ops": ["sign"]})),
        changed(json!({"key_ops": "verify"})),
        changed(json!({"alg": "ES384"})),
        changed(json!({"alg": "ECDH-ES"})),
        changed(json!({"kid": 1})),
        changed(json!({"d": "AAAA"})),
        changed(json!({"x": "AAAA"})),
        json!({"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}),
        json!({"kty": "unheard-of", "kid": "k1"}),
        json!("k1"),
    ] {
        setup.mock.json("/keys", &json!({"keys": [member]}));
        let fault = token_fault(verify(&setup.verifier(), &setup.token()).await);
        assert_eq!(fault, TokenFault::UnknownKey, "{member}");

        // Beside a good key, it does no harm.
        setup.mock.json("/keys", &json!({"keys": [member, setup.key.jwk()]}));
        verify(&setup.verifier(), &setup.token()).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_kid_the_first_eight_fitting_keys_are_tried() {
    let setup = Setup::new().await;
    let key = Signer::nameless();
    let token = key.token(&setup.claims());
    let others: Vec<_> = (0..8).map(|n| Signer::new(&format!("o{n}"))).collect();
    let mut keys: Vec<_> = others.iter().collect();
    keys.insert(7, &key);
    setup.mock.json("/keys", &key_set(&keys));
    verify(&setup.verifier(), &token).await.unwrap();

    keys.remove(7);
    keys.push(&key);
    setup.mock.json("/keys", &key_set(&keys));
    assert_eq!(token_fault(verify(&setup.verifier(), &token).await), TokenFault::Signature);
}

#[tokio::test]
async fn a_kid_is_not_satisfied_by_a_key_without_one() {
    let setup = Setup::new().await;
    setup.mock.json("/keys", &key_set(&[&Signer::nameless()]));
    assert_eq!(token_fault(verify(&setup.verifier(), &setup.token()).await), TokenFault::UnknownKey);
}

#[tokio::test]
async fn a_set_of_thousands_of_keys_is_cut_off() {
    let setup = Setup::new().await;
    let other = Signer::new("other").jwk();
    let mut keys = vec![other; 128];
    keys.push(setup.key.jwk());
    setup.mock.json("/keys", &json!({"keys": keys}));
    assert_eq!(token_fault(verify(&setup.verifier(), &setup.token()).await), TokenFault::UnknownKey);
}

#[tokio::test]
async fn extra_key_sets_are_asked_when_the_first_lacks_the_key() {
    let mut setup = Setup::new().await;
    let extra = Signer::new("x1");
    setup.mock.json("/extra", &key_set(&[&extra]));
    setup.settings.extra_jwks_uris = vec![setup.mock.url("/extra")];
    let verifier = setup.verifier();
    verify(&verifier, &setup.token()).await.unwrap();
    assert_eq!(setup.mock.count("/extra"), 0);
    verify(&verifier, &extra.token(&setup.claims())).await.unwrap();
    assert_eq!(setup.mock.count("/extra"), 1);
}

/// Two issuers with a key each, both allowed.
async fn two_issuers() -> (Setup, Signer, [Value; 2]) {
    let mut setup = Setup::new().await;
    let other = Signer::new("b1");
    let issuer = setup.mock.url("/b");
    publish(&setup.mock, "/b");
    setup.mock.json("/b/keys", &key_set(&[&other]));
    setup.settings.issuers_allowed = vec![setup.mock.url(""), issuer.clone()];
    let claims = [setup.claims(), setup.claims_with(json!({"iss": issuer}))];
    (setup, other, claims)
}

#[tokio::test]
async fn each_issuers_keys_verify_its_own_tokens_and_no_others() {
    let (mut setup, other, [a, b]) = two_issuers().await;
    for extras in [vec![], vec![setup.mock.url("/b/keys")]] {
        setup.settings.extra_jwks_uris = extras;
        let verifier = setup.verifier();
        verify(&verifier, &setup.key.token(&a)).await.unwrap();
        verify(&verifier, &other.token(&b)).await.unwrap();
        assert_eq!(token_fault(verify(&verifier, &other.token(&a)).await), TokenFault::UnknownKey);
        assert_eq!(token_fault(verify(&verifier, &setup.key.token(&b)).await), TokenFault::UnknownKey);
    }
}

#[tokio::test]
async fn an_allowed_issuer_without_metadata_is_another_name_of_the_provider() {
    let mut setup = Setup::new().await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for name in [setup.mock.url("/nothing"), format!("http://{gone}"), "urn:legacy".to_owned()] {
        setup.settings.issuers_allowed = vec![name.clone()];
        let token = setup.key.token(&setup.claims_with(json!({"iss": name})));
        verify(&setup.verifier(), &token).await.unwrap();
        verify(&setup.verifier(), &setup.token()).await.unwrap();
    }
}

#[tokio::test]
async fn an_allowed_issuer_that_fails_is_not_replaced_by_the_provider() {
    let (setup, _, [_, b]) = two_issuers().await;
    setup.mock.reply(&format!("/b{METADATA}"), Reply::status(500));
    assert_eq!(provider_code(verify(&setup.verifier(), &setup.key.token(&b)).await), "provider_status");
}

#[tokio::test]
async fn a_pseudo_issuer_takes_its_keys_from_the_extra_sets() {
    let mut setup = Setup::new().await;
    setup.settings.using_pseudo_issuer = true;
    setup.settings.extra_jwks_uris = vec![setup.mock.url("/keys")];
    verify(&setup.verifier(), &setup.token()).await.unwrap();
    assert_eq!(setup.mock.count(METADATA), 0);
}

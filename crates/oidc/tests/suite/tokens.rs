//! JWT access tokens: each rule, and its exact fault.

use keybound_oidc::{Requirement, Shape, Source, TokenFault, TokenPolicy, TokenTypes};
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::base64url::encode;
use keybound_pop::confirmation::ConfirmationFault;
use keybound_pop::jws::JwsFault;
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use serde_json::{Value, json};

use crate::mock::Reply;
use crate::setup::{METADATA, NOW, Setup, provider_code, token_fault, verify};
use crate::signer::Signer;

async fn fault_of(setup: &Setup, token: &str) -> TokenFault {
    token_fault(verify(&setup.verifier(), token).await)
}

#[tokio::test]
async fn a_good_token_is_described() {
    let setup = Setup::new().await;
    let jkt = Thumbprint::of(b"key");
    let claims = setup.claims_with(json!({"cnf": {"jkt": jkt.encode(), "kc-jkt-type": "DPoP"}}));
    let token = verify(&setup.verifier(), &setup.key.token(&claims)).await.unwrap();
    assert_eq!(*token.issuer, *setup.mock.url(""));
    assert_eq!(token.claims["sub"], "john");
    assert_eq!(token.confirmation.jkt, Some(jkt));
    assert_eq!(token.expires.unwrap().secs(), NOW + 300);
    assert_eq!(token.source, Source::Jwt);
}

#[tokio::test]
async fn the_types_of_access_tokens_are_accepted_and_no_others() {
    let setup = Setup::new().await;
    for typ in [json!("at+jwt"), json!("application/at+jwt"), json!("JWT"), Value::Null] {
        let token = setup.key.token_with(json!({"typ": typ}), &setup.claims());
        verify(&setup.verifier(), &token).await.unwrap();
    }
    for typ in
        [json!("dpop+jwt"), json!("token-introspection+jwt"), json!("logout+jwt"), json!("x"), json!(1)]
    {
        let token = setup.key.token_with(json!({"typ": typ}), &setup.claims());
        assert_eq!(fault_of(&setup, &token).await, TokenFault::Type, "{typ}");
    }
    let narrow = TokenPolicy { types: TokenTypes::only(["at+jwt"]).unwrap(), ..TokenPolicy::default() };
    let token = setup.key.token_with(json!({"typ": "JWT"}), &setup.claims());
    assert_eq!(token_fault(verify(&setup.verifier_with(narrow), &token).await), TokenFault::Type);
}

#[tokio::test]
async fn tokens_of_other_kinds_are_refused() {
    let setup = Setup::new().await;
    for claims in
        [json!({"typ": "ID"}), json!({"typ": "Refresh"}), json!({"at_hash": "x"}), json!({"c_hash": "x"})]
    {
        let token = setup.key.token_with(json!({"typ": "JWT"}), &setup.claims_with(claims.clone()));
        assert_eq!(fault_of(&setup, &token).await, TokenFault::Kind, "{claims}");
    }
    let token = setup.key.token(&setup.claims_with(json!({"at_hash": "x"})));
    verify(&setup.verifier(), &token).await.unwrap();
}

#[tokio::test]
async fn texts_that_are_no_strict_signed_jwt_are_refused() {
    let setup = Setup::new().await;
    let good = setup.token();
    let claims = setup.claims().to_string();
    let header = |text: &str| setup.key.raw(text, &claims);
    for (token, fault) in [
        ("opaque".to_owned(), JwsFault::Parts),
        (format!("{good}="), JwsFault::Base64),
        (good.replace('.', ".\n"), JwsFault::Base64),
        ("a".repeat(16 * 1024 + 1), JwsFault::TooLong),
        (header(r#"{"alg":"ES256","alg":"ES256","kid":"k1"}"#), JwsFault::Header),
        (header(r#"{"alg":"ES256","kid":"k1","crit":["x"],"x":1}"#), JwsFault::Critical),
        (header(r#"{"alg":"ES256","kid":"k1","zip":"DEF"}"#), JwsFault::Compressed),
        (setup.key.raw(r#"{"alg":"ES256","kid":"k1"}"#, r#"{"iss":"a","iss":"b"}"#), JwsFault::Payload),
        (setup.key.raw(r#"{"alg":"ES256","kid":"k1"}"#, r#"{"exp":1e999}"#), JwsFault::Payload),
        (setup.key.raw(r#"{"alg":"ES256","kid":"k1"}"#, "[]"), JwsFault::Payload),
    ] {
        assert_eq!(fault_of(&setup, &token).await, TokenFault::Malformed(fault), "{token}");
    }
}

#[tokio::test]
async fn an_encrypted_token_is_refused_as_such() {
    let setup = Setup::new().await;
    let token = format!("{}.AAAA.AAAA.AAAA.AAAA", encode(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    assert_eq!(Shape::of(&token), Shape::Jwe);
    assert_eq!(fault_of(&setup, &token).await, TokenFault::Encrypted);
}

#[tokio::test]
async fn algorithms_that_are_symmetric_unknown_or_not_allowed_are_refused() {
    let setup = Setup::new().await;
    for alg in [json!("none"), json!("HS256"), json!("es256"), json!("ES256K"), json!(256), Value::Null] {
        let token = setup.key.token_with(json!({"alg": alg}), &setup.claims());
        assert_eq!(fault_of(&setup, &token).await, TokenFault::Algorithm, "{alg}");
    }
    let algorithms: AlgorithmSet = [Algorithm::Ps256].into_iter().collect();
    let policy = TokenPolicy { algorithms, ..TokenPolicy::default() };
    assert_eq!(
        token_fault(verify(&setup.verifier_with(policy), &setup.token()).await),
        TokenFault::Algorithm
    );
}

#[tokio::test]
async fn an_algorithm_that_the_key_does_not_serve_finds_no_key() {
    let setup = Setup::new().await;
    let token = setup.key.token_with(json!({"alg": "RS256"}), &setup.claims());
    assert_eq!(fault_of(&setup, &token).await, TokenFault::UnknownKey);
}

#[tokio::test]
async fn a_signature_over_other_bytes_is_refused() {
    let setup = Setup::new().await;
    let token = setup.token();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other = encode(setup.claims_with(json!({"sub": "admin"})).to_string().as_bytes());
    assert_eq!(fault_of(&setup, &format!("{header}.{other}.{signature}")).await, TokenFault::Signature);
}

#[tokio::test]
async fn times_hold_with_the_leeway_and_not_beyond() {
    let setup = Setup::new().await;
    for (claims, leeway, fault) in [
        (json!({"exp": null}), 0, TokenFault::ClaimMissing("exp")),
        (json!({"exp": NOW}), 0, TokenFault::Expired),
        (json!({"exp": NOW - 10}), 10, TokenFault::Expired),
        (json!({"exp": "1900000000"}), 0, TokenFault::ClaimType("exp")),
        (json!({"exp": 1e18}), 0, TokenFault::ClaimType("exp")),
        (json!({"nbf": NOW + 1}), 0, TokenFault::NotYetValid),
        (json!({"nbf": NOW + 11}), 10, TokenFault::NotYetValid),
        (json!({"nbf": "x"}), 0, TokenFault::ClaimType("nbf")),
        (json!({"iat": NOW + 1}), 0, TokenFault::IssuedInFuture),
        (json!({"iat": {}}), 0, TokenFault::ClaimType("iat")),
    ] {
        let verifier = setup.verifier_with(TokenPolicy { leeway, ..TokenPolicy::default() });
        let token = setup.key.token(&setup.claims_with(claims.clone()));
        assert_eq!(token_fault(verify(&verifier, &token).await), fault, "{claims}");
    }
    for claims in
        [json!({"exp": NOW - 9}), json!({"nbf": NOW + 10}), json!({"iat": NOW + 10}), json!({"iat": null})]
    {
        let verifier = setup.verifier_with(TokenPolicy { leeway: 10, ..TokenPolicy::default() });
        verify(&verifier, &setup.key.token(&setup.claims_with(claims))).await.unwrap();
    }
}

#[tokio::test]
async fn the_issuer_is_exact() {
    let setup = Setup::new().await;
    let issuer = setup.mock.url("");
    for (iss, fault) in [
        (json!(format!("{issuer}/")), TokenFault::Issuer),
        (json!("https://other.test"), TokenFault::Issuer),
        (json!([issuer]), TokenFault::ClaimType("iss")),
        (Value::Null, TokenFault::ClaimMissing("iss")),
    ] {
        let token = setup.key.token(&setup.claims_with(json!({"iss": iss})));
        assert_eq!(fault_of(&setup, &token).await, fault, "{iss}");
    }
    // None of them needed the provider.
    assert_eq!(setup.mock.count(METADATA), 0);
}

#[tokio::test]
async fn the_audience_is_demanded_where_the_policy_has_one() {
    let setup = Setup::new().await;
    let audience = Requirement::on_values(vec!["aud".to_owned()], &["api".to_owned()]);
    let verifier = setup.verifier_with(TokenPolicy { audience: Some(audience), ..TokenPolicy::default() });
    verify(&verifier, &setup.token()).await.unwrap();
    for aud in [json!("other"), json!(["other"]), Value::Null] {
        let token = setup.key.token(&setup.claims_with(json!({"aud": aud})));
        assert_eq!(token_fault(verify(&verifier, &token).await), TokenFault::Audience, "{aud}");
    }
}

#[tokio::test]
async fn a_confirmation_that_cannot_be_read_is_never_a_bearer_token() {
    let setup = Setup::new().await;
    let token = setup.key.token(&setup.claims_with(json!({"cnf": "{\"jkt\":\"x\"}"})));
    let fault = fault_of(&setup, &token).await;
    assert_eq!(fault, TokenFault::Confirmation(ConfirmationFault::NotAnObject));
    assert_eq!(fault.code(), "token_cnf_not_object");
}

#[tokio::test]
async fn switches_turn_off_their_own_check_only() {
    let setup = Setup::new().await;
    let lenient = TokenPolicy { verify_claims: false, ..TokenPolicy::default() };
    let stale = setup.key.token(&setup.claims_with(json!({"exp": 1, "iss": "https://other.test"})));
    verify(&setup.verifier_with(lenient.clone()), &stale).await.unwrap();
    let forged = Signer::new("k1").token(&setup.claims());
    assert_eq!(token_fault(verify(&setup.verifier_with(lenient), &forged).await), TokenFault::Signature);

    let unsigned = TokenPolicy { verify_signature: false, ..TokenPolicy::default() };
    verify(&setup.verifier_with(unsigned.clone()), &forged).await.unwrap();
    assert_eq!(
        token_fault(verify(&setup.verifier_with(unsigned.clone()), &stale).await),
        TokenFault::Expired
    );
    let none = setup.key.token_with(json!({"alg": "none"}), &setup.claims());
    assert_eq!(token_fault(verify(&setup.verifier_with(unsigned), &none).await), TokenFault::Algorithm);
}

#[tokio::test]
async fn listed_issuers_are_enforced_without_the_other_claims() {
    let mut setup = Setup::new().await;
    setup.settings.issuers_allowed = vec!["urn:legacy".to_owned()];
    let verifier = setup.verifier_with(TokenPolicy { verify_claims: false, ..TokenPolicy::default() });
    for (iss, accepted) in
        [(setup.mock.url(""), true), ("urn:legacy".to_owned(), true), ("urn:x".to_owned(), false)]
    {
        let token = setup.key.token(&setup.claims_with(json!({"iss": iss})));
        assert_eq!(verify(&verifier, &token).await.is_ok(), accepted, "{iss}");
    }
}

#[tokio::test]
async fn a_known_token_is_not_verified_again_but_its_times_are() {
    let setup = Setup::new().await;
    let verifier = setup.verifier_with(TokenPolicy { leeway: 5, ..TokenPolicy::default() });
    let token = setup.key.token(&setup.claims_with(json!({"nbf": NOW - 10})));
    let hash = token_hash(token.as_bytes());
    assert!(verifier.cached(&hash).is_none());
    verify(&verifier, &token).await.unwrap();
    assert!(verifier.cached(&hash).unwrap().is_ok());
    // Only what is known holds without a look at the text: the text given here is another one.
    verifier.verify("not a token", &hash).await.unwrap();

    setup.clock.set(NOW - 16);
    assert_eq!(verifier.cached(&hash).unwrap().unwrap_err(), TokenFault::NotYetValid);
    setup.clock.set(NOW + 304);
    assert!(verifier.cached(&hash).unwrap().is_ok());
    setup.clock.set(NOW + 305);
    assert_eq!(verifier.cached(&hash).unwrap().unwrap_err(), TokenFault::Expired);
    assert_eq!(token_fault(verify(&verifier, &token).await), TokenFault::Expired);
}

#[tokio::test]
async fn one_verifiers_results_are_not_anothers() {
    let setup = Setup::new().await;
    let cache = keybound_oidc::TokenCache::new(1 << 20);
    let lenient = TokenPolicy { verify_signature: false, ..TokenPolicy::default() };
    let lenient = keybound_oidc::Verifier::new(setup.provider(), lenient, &cache);
    let strict = keybound_oidc::Verifier::new(setup.provider(), TokenPolicy::default(), &cache);
    let forged = Signer::new("k1").token(&setup.claims());
    verify(&lenient, &forged).await.unwrap();
    assert_eq!(token_fault(verify(&strict, &forged).await), TokenFault::Signature);
}

#[tokio::test]
async fn a_cold_provider_that_fails_is_never_the_tokens_fault() {
    let setup = Setup::new().await;
    setup.mock.reply("/keys", Reply::status(500));
    assert_eq!(provider_code(verify(&setup.verifier(), &setup.token()).await), "provider_status");
}

#[tokio::test]
async fn a_token_with_an_hmac_holds_only_where_that_is_on_and_the_secret_is_long_enough() {
    use aws_lc_rs::hmac;
    use keybound_oidc::SharedSecrets;
    use keybound_pop::base64url::encode;

    let mut setup = Setup::new().await;
    setup.settings.issuers_allowed = vec![setup.mock.url(""), "https://other.test".to_owned()];
    let long = "0123456789abcdef0123456789abcdef";
    let signed = |secret: &str, claims: &Value| {
        let header = json!({"alg": "HS256", "typ": "at+jwt"}).to_string();
        let input = format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes());
        format!("{input}.{}", encode(tag.as_ref()))
    };
    let good = signed(long, &setup.claims());
    assert_eq!(token_fault(verify(&setup.verifier(), &good).await), TokenFault::Algorithm);

    let secrets = |secrets: &[&str]| {
        let secrets = secrets.iter().map(ToString::to_string).collect();
        TokenPolicy { secrets: Some(SharedSecrets::new(secrets)), ..TokenPolicy::default() }
    };
    let verifier = setup.verifier_with(secrets(&["short", long]));
    verify(&verifier, &good).await.unwrap();
    for (token, fault) in [
        (signed("short", &setup.claims()), TokenFault::Signature),
        (signed("0123456789abcdef0123456789abcdeF", &setup.claims()), TokenFault::Signature),
        (signed(long, &setup.claims_with(json!({"exp": NOW}))), TokenFault::Expired),
        // Another allowed issuer does not sign with the secret that is shared with this one.
        (signed(long, &setup.claims_with(json!({"iss": "https://other.test"}))), TokenFault::Issuer),
        // A public key is never a secret.
        (signed(&setup.key.jwk().to_string(), &setup.claims()), TokenFault::Signature),
    ] {
        assert_eq!(token_fault(verify(&verifier, &token).await), fault, "{token}");
    }
    verify(&verifier, &setup.token()).await.unwrap();
}

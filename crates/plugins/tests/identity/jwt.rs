//! `jwt`: where tokens are found, whose they are, and what makes them no good.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use keybound_model::Configuration;
use keybound_model::entity::JwtSecret;
use serde_json::{Value, json};

use crate::support::{Call, Gate, JOHN, NOW, Refused, URL, everybody, identity, is, jwt_secret, pairs};

const INVALID: &str = "Bearer error=\"invalid_token\"";
const SECRET: &str = "a secret of some length";

fn knowing(credentials: Vec<JwtSecret>) -> Configuration {
    Configuration { jwt_secrets: credentials, ..everybody() }
}

fn gate(config: Value) -> Gate {
    let credentials = vec![jwt_secret("john-1", "HS256", Some(SECRET), None)];
    Gate::with(knowing(credentials), [("jwt", config)])
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn sealed(algorithm: hmac::Algorithm, secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn token(claims: Value) -> String {
    token_with(json!({"alg": "HS256", "typ": "JWT"}), claims)
}

fn token_with(header: Value, claims: Value) -> String {
    sealed(hmac::HMAC_SHA256, SECRET.as_bytes(), &header, &claims)
}

fn good() -> String {
    token(json!({"iss": "john-1"}))
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

/// Asserts a 401 about the token.
#[track_caller]
fn is_bad(refused: &Refused, code: &str, message: &str) {
    is(refused, 401, code, message, &[INVALID]);
    assert_eq!(refused.members, None);
}

#[tokio::test]
async fn a_signed_token_says_who_calls() {
    let passed = gate(json!({})).permit(bearer(&good())).await;
    let expected = pairs([
        ("x-consumer-custom-id", "c-john"),
        ("x-consumer-id", &JOHN.to_string()),
        ("x-consumer-username", "john"),
        ("x-credential-identifier", "john-1"),
    ]);
    assert_eq!(identity(&passed), expected);
    assert_eq!(passed.field("authorization"), Some(format!("Bearer {}", good()).as_str()));
}

#[tokio::test]
async fn no_token_is_a_challenge_without_error() {
    for (realm, challenge) in [(Value::Null, "Bearer"), (json!("things"), "Bearer realm=\"things\"")] {
        let gate = gate(json!({"realm": realm}));
        for call in [
            Call::get(URL),
            Call::get(URL).header("authorization", "Basic YTpi"),
            Call::get(URL).header("authorization", "Bearer "),
            Call::get(&format!("{URL}?jwt=")),
            Call::get(URL).header("cookie", &format!("jwt={}", good())),
        ] {
            is(&gate.refuse(call).await, 401, "jwt_missing", "Unauthorized", &[challenge]);
        }
    }
    let refused = gate(json!({"realm": "things"})).refuse(bearer("x")).await;
    let challenge = "Bearer realm=\"things\", error=\"invalid_token\"";
    is(&refused, 401, "jwt_malformed", "Bad token; invalid JSON", &[challenge]);
}

#[tokio::test]
async fn tokens_are_found_where_the_configuration_says() {
    let gate = gate(json!({
        "uri_param_names": ["token", "other"], "cookie_names": ["session"], "header_names": ["X-Token"],
    }));
    for call in [
        Call::get(&format!("{URL}?token={}", good())),
        Call::get(&format!("{URL}?other={}", good())),
        Call::get(URL).header("cookie", &format!("a=b; session={}; c=d", good())),
        Call::get(URL).header("x-token", &format!("bearer   {}", good())),
        // The same token in two places is one token.
        Call::get(&format!("{URL}?token={}", good())).header("x-token", &format!("Bearer {}", good())),
    ] {
        assert_eq!(gate.permit(call).await.field("x-consumer-username"), Some("john"));
    }
    for call in [bearer(&good()), Call::get(&format!("{URL}?jwt={}", good()))] {
        is(&gate.refuse(call).await, 401, "jwt_missing", "Unauthorized", &["Bearer"]);
    }
}

#[tokio::test]
async fn two_tokens_are_refused() {
    let gate = gate(json!({"cookie_names": ["jwt"]}));
    let other = token(json!({"iss": "john-1", "jti": "2"}));
    for call in [
        Call::get(&format!("{URL}?jwt={}&jwt={other}", good())),
        Call::get(&format!("{URL}?jwt={other}")).header("authorization", &format!("Bearer {}", good())),
        bearer(&good()).header("authorization", &format!("Bearer {other}")),
        bearer(&good()).header("cookie", &format!("jwt={other}")),
    ] {
        is_bad(&gate.refuse(call).await, "jwt_ambiguous", "Multiple tokens provided");
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_read_are_refused() {
    let gate = gate(json!({}));
    let claims = json!({"iss": "john-1"});
    for (text, message) in [
        ("x".to_owned(), "Bad token; invalid JSON"),
        ("a.b.c".to_owned(), "Bad token; invalid JSON"),
        (format!("{}.{}", good(), "AAAA"), "Bad token; invalid JSON"),
        (unsigned(&json!({"alg": "HS256"}), &claims) + ".", "Bad token; invalid JSON"),
        (token_with(json!({"alg": "HS256", "crit": ["x"]}), claims.clone()), "Bad token; invalid JSON"),
        (token(json!({"iss": "john-1", "pad": "x".repeat(17_000)})), "Bad token; invalid JSON"),
        (token(json!([])), "Bad token; invalid JSON"),
        (token_with(json!({"alg": "HS256", "typ": "JWE"}), claims.clone()), "Bad token; invalid typ"),
        (token_with(json!({"alg": "HS256", "typ": 1}), claims.clone()), "Bad token; invalid typ"),
        (token_with(json!({"alg": "none"}), claims.clone()), "Bad token; invalid alg"),
        (token_with(json!({"alg": "Ed25519"}), claims.clone()), "Bad token; invalid alg"),
        (token_with(json!({"alg": 5}), claims.clone()), "Bad token; invalid alg"),
        (token_with(json!({}), claims.clone()), "Bad token; invalid alg"),
    ] {
        is_bad(&gate.refuse(bearer(&text)).await, "jwt_malformed", message);
    }
    gate.permit(bearer(&token_with(json!({"alg": "HS256", "typ": "jwt"}), claims.clone()))).await;
    gate.permit(bearer(&token_with(json!({"alg": "HS256"}), claims))).await;
}

#[tokio::test]
async fn a_token_names_its_credential() {
    let gate = gate(json!({"key_claim_name": "kid"}));
    for (claims, code, message) in [
        (json!({"iss": "john-1"}), "jwt_key_missing", "No mandatory 'kid' in claims"),
        (json!({"kid": null}), "jwt_key_missing", "No mandatory 'kid' in claims"),
        (json!({"kid": ""}), "jwt_key_invalid", "Invalid 'kid' in claims"),
        (json!({"kid": 5}), "jwt_key_invalid", "Invalid 'kid' in claims"),
        (json!({"kid": "other"}), "jwt_unknown", "No credentials found for given 'kid'"),
    ] {
        is_bad(&gate.refuse(bearer(&token(claims))).await, code, message);
    }
    gate.permit(bearer(&token(json!({"kid": "john-1"})))).await;
    // In the header, where the claims do not name it.
    gate.permit(bearer(&token_with(json!({"alg": "HS256", "kid": "john-1"}), json!({})))).await;
}

#[tokio::test]
async fn the_algorithm_is_the_credentials() {
    let header = json!({"alg": "HS512"});
    let text = sealed(hmac::HMAC_SHA512, SECRET.as_bytes(), &header, &json!({"iss": "john-1"}));
    is_bad(&gate(json!({})).refuse(bearer(&text)).await, "jwt_algorithm", "Invalid algorithm");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let (pem, _) = ec("ES256");
    let gate =
        Gate::with(knowing(vec![jwt_secret("john-1", "ES256", None, Some(&pem))]), [("jwt", json!({}))]);
    let text = sealed(hmac::HMAC_SHA256, pem.as_bytes(), &json!({"alg": "HS256"}), &json!({"iss": "john-1"}));
    is_bad(&gate.refuse(bearer(&text)).await, "jwt_algorithm", "Invalid algorithm");
}

#[tokio::test]
async fn a_changed_token_and_another_secret_are_refused() {
    let gate = gate(json!({}));
    let text = good();
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let claims = URL_SAFE_NO_PAD.encode(json!({"iss": "john-1", "admin": true}).to_string());
    for text in [
        format!("{header}.{claims}.{signature}"),
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0])),
        sealed(hmac::HMAC_SHA256, b"another", &json!({"alg": "HS256"}), &json!({"iss": "john-1"})),
        sealed(hmac::HMAC_SHA256, b"", &json!({"alg": "HS256"}), &json!({"iss": "john-1"})),
    ] {
        is_bad(&gate.refuse(bearer(&text)).await, "jwt_signature", "Invalid signature");
    }
}

#[tokio::test]
async fn the_symmetric_algorithms_verify() {
    for (name, algorithm) in
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
    {
        let credentials = vec![jwt_secret("k", name, Some(SECRET), None)];
        let gate = Gate::with(knowing(credentials), [("jwt", json!({}))]);
        let claims = json!({"iss": "k"});
        gate.permit(bearer(&sealed(algorithm, SECRET.as_bytes(), &json!({"alg": name}), &claims))).await;
        let forged = sealed(algorithm, b"other", &json!({"alg": name}), &claims);
        is_bad(&gate.refuse(bearer(&forged)).await, "jwt_signature", "Invalid signature");
    }
}

#[tokio::test]
async fn the_example_of_rfc_7515_verifies_with_its_secret_in_base64() {
    // RFC 7515, appendix A.1.
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let spellings = [secret.to_owned(), secret.replace('-', "+").replace('_', "/"), format!("{secret}==")];
    for secret in spellings {
        let credentials = vec![jwt_secret("joe", "HS256", Some(&secret), None)];
        let gate = Gate::with(knowing(credentials), [("jwt", json!({"secret_is_base64": true}))]);
        gate.permit(bearer(text)).await;
    }
    let credentials = vec![jwt_secret("joe", "HS256", Some(secret), None)];
    let gate = Gate::with(knowing(credentials), [("jwt", json!({}))]);
    is_bad(&gate.refuse(bearer(text)).await, "jwt_signature", "Invalid signature");
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn spki(key: &impl AsDer<aws_lc_rs::encoding::PublicKeyX509Der<'static>>) -> String {
    pem("PUBLIC KEY", key.as_der().unwrap().as_ref())
}

fn ec(name: &str) -> (String, Sign) {
    let algorithm = match name {
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        "ES384" => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    };
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    let public = spki(key.public_key());
    (public, Box::new(move |text| key.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()))
}

fn ed25519() -> (String, Sign) {
    let key = Ed25519KeyPair::generate().unwrap();
    let public = spki(key.public_key());
    (public, Box::new(move |text| key.sign(text).as_ref().to_vec()))
}

fn rsa(name: &str) -> (String, Sign) {
    let padding: &dyn signature::RsaEncoding = match name {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        _ => &signature::RSA_PSS_SHA512,
    };
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = spki(key.public_key());
    let sign = move |text: &[u8]| {
        let mut out = vec![0; key.public_modulus_len()];
        key.sign(padding, &SystemRandom::new(), text, &mut out).unwrap();
        out
    };
    (public, Box::new(sign))
}

fn signed(name: &str, sign: &Sign) -> String {
    let text = unsigned(&json!({"alg": name}), &json!({"iss": "k"}));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn the_asymmetric_algorithms_verify_and_each_only_with_its_own_key() {
    for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] {
        let ((public, sign), (_, other)) = match name {
            "EdDSA" => (ed25519(), ed25519()),
            _ if name.starts_with("ES") => (ec(name), ec(name)),
            _ => (rsa(name), rsa(name)),
        };
        let credentials = vec![jwt_secret("k", name, None, Some(&public))];
        let gate = Gate::with(knowing(credentials), [("jwt", json!({}))]);
        // Twice: the key is parsed the first time only.
        for _ in 0..2 {
            assert_eq!(
                gate.permit(bearer(&signed(name, &sign))).await.field("x-credential-identifier"),
                Some("k"),
                "{name}"
            );
        }
        let refused = gate.refuse(bearer(&signed(name, &other))).await;
        is_bad(&refused, "jwt_signature", "Invalid signature");
    }
}

#[tokio::test]
async fn rsa_keys_of_pkcs1_verify() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pem("RSA PUBLIC KEY", key.public_key().as_ref());
    let gate = Gate::with(knowing(vec![jwt_secret("k", "RS256", None, Some(&public))]), [("jwt", json!({}))]);
    let sign: Sign = Box::new(move |text| {
        let mut out = vec![0; key.public_modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut out).unwrap();
        out
    });
    gate.permit(bearer(&signed("RS256", &sign))).await;
}

#[tokio::test]
async fn a_key_that_does_not_serve_the_algorithm_is_told() {
    let (p256, sign) = ec("ES256");
    for (algorithm, secret, public) in [
        ("ES384", None, Some(p256.as_str())),
        ("RS256", None, Some(p256.as_str())),
        ("ES256", None, Some("no key")),
        ("ES256", Some("secret"), None),
        ("HS256", None, Some(p256.as_str())),
    ] {
        let credentials = vec![jwt_secret("k", algorithm, secret, public)];
        let gate = Gate::with(knowing(credentials), [("jwt", json!({}))]);
        let refused = gate.refuse(bearer(&signed(algorithm, &sign))).await;
        is_bad(&refused, "jwt_key", "Invalid key/secret");
    }
}

/// Asserts a 401 whose body says these things by claim.
#[track_caller]
fn is_untimely(refused: &Refused, expected: Value) {
    is(refused, 401, "jwt_times", "Unauthorized", &[INVALID]);
    assert_eq!(refused.members.clone().map(Value::Object), Some(expected));
}

#[tokio::test]
async fn times_are_checked_when_the_configuration_says() {
    let times = |exp: Value, nbf: Value| bearer(&token(json!({"iss": "john-1", "exp": exp, "nbf": nbf})));
    let late = || times(json!(NOW), json!(NOW + 1));
    gate(json!({})).permit(late()).await;
    let exp = gate(json!({"claims_to_verify": ["exp"]}));
    is_untimely(&exp.refuse(late()).await, json!({"exp": "token expired"}));
    exp.permit(times(json!(NOW + 1), json!(NOW + 1))).await;
    exp.permit(times(json!(NOW as f64 + 0.5), Value::Null)).await;
    let both = gate(json!({"claims_to_verify": ["exp", "nbf"]}));
    let expected = json!({"exp": "token expired", "nbf": "token not valid yet"});
    is_untimely(&both.refuse(late()).await, expected);
    both.permit(times(json!(NOW + 1), json!(NOW))).await;
    let expected = json!({"exp": "must be a number", "nbf": "must be a number"});
    is_untimely(&both.refuse(bearer(&good())).await, expected.clone());
    is_untimely(&both.refuse(times(json!("2030"), json!(true))).await, expected);
}

#[tokio::test]
async fn a_token_must_not_live_longer_than_allowed() {
    let gate = gate(json!({"claims_to_verify": ["exp"], "maximum_expiration": 60}));
    let at = |exp: i64| bearer(&token(json!({"iss": "john-1", "exp": exp})));
    gate.permit(at(NOW + 60)).await;
    let expected = json!({"exp": "exceeds maximum allowed expiration"});
    is_untimely(&gate.refuse(at(NOW + 61)).await, expected);
    gate.clock.set(NOW + 60);
    is_untimely(&gate.refuse(at(NOW + 60)).await, json!({"exp": "token expired"}));
}

#[tokio::test]
async fn a_signature_is_checked_before_times() {
    let gate = gate(json!({"claims_to_verify": ["exp"]}));
    let claims = json!({"iss": "john-1", "exp": 1});
    let forged = sealed(hmac::HMAC_SHA256, b"x", &json!({"alg": "HS256"}), &claims);
    is_bad(&gate.refuse(bearer(&forged)).await, "jwt_signature", "Invalid signature");
}

#[tokio::test]
async fn preflights_and_anonymous_callers_are_treated_as_by_the_other_plugins() {
    let gate = gate(json!({"run_on_preflight": false, "anonymous": "nobody"}));
    let passed = gate.permit(Call::new(Method::OPTIONS, URL).header("x-consumer-id", "forged")).await;
    assert_eq!(identity(&passed), []);
    let passed = gate.permit(bearer("x")).await;
    assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
    assert_eq!(passed.field("x-consumer-username"), Some("nobody"));
}

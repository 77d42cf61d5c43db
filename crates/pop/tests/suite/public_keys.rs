//! What makes a JWK a public key that can verify, rule by rule.

use keybound_pop::jwk::{KeyFault, PublicKey};
use serde_json::json;

use crate::object;

/// The modulus of RFC 7517, appendix A.1.
const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_\
    2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt\
    -bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

#[test]
fn each_rule_about_a_public_key() {
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    let p256_prime = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";
    for (jwk, expected) in [
        (json!({"kty": "XYZ"}), KeyFault::Type),
        (json!({"kty": 1}), KeyFault::Type),
        (json!({"crv": "P-256", "x": X, "y": Y}), KeyFault::Type),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "use": "enc"}), KeyFault::Use),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "use": 1}), KeyFault::Use),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "key_ops": ["encrypt"]}), KeyFault::Operations),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "key_ops": "verify"}), KeyFault::Operations),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "alg": "ES384"}), KeyFault::Algorithm),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "alg": 7}), KeyFault::Algorithm),
        (json!({"kty": "EC", "crv": "secp256k1", "x": X, "y": Y}), KeyFault::Curve),
        (json!({"kty": "EC", "x": X, "y": Y}), KeyFault::Curve),
        (json!({"kty": "EC", "crv": "P-256", "x": X}), KeyFault::Member),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": format!("{Y}=")}), KeyFault::Member),
        (json!({"kty": "EC", "crv": "P-384", "x": X, "y": Y}), KeyFault::Length),
        (json!({"kty": "EC", "crv": "P-256", "x": &X[..42], "y": Y}), KeyFault::Member),
        (
            json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7A", "y": Y}),
            KeyFault::Length,
        ),
        (json!({"kty": "EC", "crv": "P-256", "x": X, "y": X}), KeyFault::Point),
        (json!({"kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43)}), KeyFault::Point),
        (json!({"kty": "EC", "crv": "P-256", "x": p256_prime, "y": Y}), KeyFault::Point),
        (json!({"kty": "RSA", "n": N}), KeyFault::Member),
        (json!({"kty": "RSA", "n": N, "e": "AAEAAQ"}), KeyFault::Member),
        (json!({"kty": "RSA", "n": N, "e": "AQ"}), KeyFault::Exponent),
        (json!({"kty": "RSA", "n": N, "e": "Aw"}), KeyFault::Exponent),
        (json!({"kty": "RSA", "n": N, "e": "AQAA"}), KeyFault::Exponent),
        (json!({"kty": "RSA", "n": N, "e": "AgAAAAE"}), KeyFault::Exponent),
        (json!({"kty": "RSA", "n": &N[..172], "e": "AQAB"}), KeyFault::ModulusSize),
        (json!({"kty": "RSA", "n": "f".to_owned() + &N[1..], "e": "AQAB"}), KeyFault::ModulusSize),
        (json!({"kty": "RSA", "n": N.repeat(8), "e": "AQAB"}), KeyFault::ModulusSize),
        (json!({"kty": "OKP", "crv": "X25519", "x": X}), KeyFault::Curve),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}), KeyFault::Length),
    ] {
        let text: String = jwk.to_string().chars().take(120).collect();
        assert_eq!(PublicKey::from_jwk(&object(jwk)).err(), Some(expected), "{text}");
    }
    assert!(PublicKey::from_jwk(&object(json!({
        "kty": "EC", "crv": "P-256", "x": X, "y": Y, "use": "sig", "key_ops": ["verify", "sign"], "alg": "ES256",
        "x5c": ["!"], "x5u": "http://x", "kid": 7
    })))
    .is_ok());
}

//! RFC 7517, Appendix A: example JWK sets.

use keybound_pop::jwk::{KeyFault, PublicKey};
use serde_json::json;

use crate::{key, object};

const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_\
    2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt\
    -bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

#[test]
fn a_1_the_encryption_key_cannot_verify_and_the_signature_key_can() {
    let encryption = json!({
        "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
    });
    assert_eq!(PublicKey::from_jwk(&object(encryption)).err(), Some(KeyFault::Use));
    assert_eq!(
        key(json!({"kty": "RSA", "n": N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})).modulus_bits(),
        Some(2048)
    );
}

#[test]
fn a_2_a_private_key_is_a_fault_whatever_its_type() {
    let private = json!({
        "kty": "EC", "crv": "P-256", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"
    });
    assert_eq!(PublicKey::from_jwk(&object(private)).err(), Some(KeyFault::Private));
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let mut jwk = object(json!({"kty": "RSA", "n": N, "e": "AQAB"}));
        jwk.insert(member.into(), json!(""));
        assert_eq!(PublicKey::from_jwk(&jwk).err(), Some(KeyFault::Private), "{member}");
    }
}

#[test]
fn a_3_a_symmetric_key_is_a_fault() {
    let symmetric = json!({"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"});
    assert_eq!(PublicKey::from_jwk(&object(symmetric)).err(), Some(KeyFault::Private));
}

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

#[test]
fn ed25519_points_of_low_order_and_second_spellings_are_refused() {
    use keybound_pop::base64url::encode;
    let mut points = Vec::new();
    for low in [0_u8, 1] {
        let mut point = [0_u8; 32];
        point[0] = low;
        points.push(point);
        // p and p + 1: the same points, spelled beyond the prime.
        let mut beyond = [0xff_u8; 32];
        beyond[0] = 0xed + low;
        beyond[31] = 0x7f;
        points.push(beyond);
    }
    let mut minus_one = [0xff_u8; 32];
    minus_one[0] = 0xec;
    minus_one[31] = 0x7f;
    points.push(minus_one);
    for hex in [
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ] {
        let bytes: Vec<u8> =
            (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        points.push(bytes.try_into().unwrap());
    }
    for point in points {
        for sign in [0, 0x80] {
            let mut point = point;
            point[31] |= sign;
            let jwk = object(json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&point)}));
            assert_eq!(PublicKey::from_jwk(&jwk).err(), Some(KeyFault::Point), "{point:02x?}");
        }
    }
}

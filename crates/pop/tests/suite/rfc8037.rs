//! RFC 8037, Ed25519 in JOSE: appendix A.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::jwk::{KeyFault, PublicKey};
use keybound_pop::jws::CompactJws;
use keybound_pop::sign::SigningKey;
use serde_json::{Map, Value};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/rfc/rfc8037.json")).unwrap()
}

fn jwk(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

#[test]
fn appendix_a_1_a_private_key_is_refused_as_a_public_one_and_signs() {
    let vectors = vectors();
    assert_eq!(PublicKey::from_jwk(jwk(&vectors["a1_private"])), Err(KeyFault::Private));
    let key = SigningKey::from_jwk(jwk(&vectors["a1_private"])).unwrap();
    assert_eq!(key.algorithm(), Algorithm::EdDsa);
}

#[test]
fn appendix_a_2_a_public_key_serves_both_names() {
    let key = PublicKey::from_jwk(jwk(&vectors()["a2_public"])).unwrap();
    let serves: Vec<Algorithm> =
        Algorithm::ALL.into_iter().filter(|algorithm| key.fits(*algorithm)).collect();
    assert_eq!(serves, [Algorithm::EdDsa, Algorithm::Ed25519]);
}

#[test]
fn appendix_a_3_the_thumbprint() {
    let vectors = vectors();
    let key = PublicKey::from_jwk(jwk(&vectors["a2_public"])).unwrap();
    assert_eq!(key.thumbprint().encode(), vectors["a3_thumbprint"].as_str().unwrap());
}

#[test]
fn appendix_a_4_signing_gives_the_printed_signature() {
    let vectors = vectors();
    let jws = CompactJws::parse(vectors["a4_jws"].as_str().unwrap(), 8192).unwrap();
    let key = SigningKey::from_jwk(jwk(&vectors["a1_private"])).unwrap();
    assert_eq!(key.sign(jws.signing_input()).unwrap(), jws.signature());
    assert_eq!(jws.payload(), b"Example of Ed25519 signing");
}

#[test]
fn appendix_a_5_the_signature_verifies_under_both_names() {
    let vectors = vectors();
    let key = PublicKey::from_jwk(jwk(&vectors["a2_public"])).unwrap();
    let jws = CompactJws::parse(vectors["a4_jws"].as_str().unwrap(), 8192).unwrap();
    assert_eq!(jws.verify(&key), Ok(()));
    assert_eq!(key.verify(Algorithm::Ed25519, jws.signing_input(), jws.signature()), Ok(()));
    assert!(key.verify(Algorithm::Es256, jws.signing_input(), jws.signature()).is_err());
}

#[test]
fn appendix_a_6_a_key_for_agreement_is_refused() {
    assert_eq!(PublicKey::from_jwk(jwk(&vectors()["a6_x25519"])), Err(KeyFault::Curve));
}

#[test]
fn rfc_8032_section_5_1_points_of_low_order_or_with_an_unreduced_y_are_refused() {
    // The eight points of low order in every spelling, and y at and beyond the prime: little-endian, the sign in the last bit.
    let mut points = vec![
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ];
    points.extend([
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]);
    for hex in points {
        let mut x: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
        for sign in [0x00, 0x80] {
            x[31] = x[31] & 0x7f | sign;
            let key = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&x)});
            assert_eq!(PublicKey::from_jwk(jwk(&key)), Err(KeyFault::Point), "{hex} {sign}");
        }
    }
    for length in [0, 31, 33, 57] {
        let key =
            serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&vec![9; length])});
        assert_eq!(PublicKey::from_jwk(jwk(&key)), Err(KeyFault::Length), "{length}");
    }
}

//! RFC 7515, JSON Web Signature: the examples of its appendices.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::jwk::PublicKey;
use keybound_pop::jws::{CompactJws, JwsFault};
use keybound_pop::sign::SigningKey;
use serde_json::{Map, Value};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/rfc/rfc7515.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The public part of an example's key, all of which come with their private one.
fn public(jwk: &Value) -> PublicKey {
    let mut jwk: Map<String, Value> = jwk.as_object().unwrap().clone();
    jwk.remove("d");
    PublicKey::from_jwk(&jwk).unwrap()
}

fn verifies(example: &Value, algorithm: Algorithm) {
    let (key, jws) = (public(&example["jwk"]), CompactJws::parse(text(&example["jws"]), 8192).unwrap());
    assert_eq!(jws.alg(), Ok(algorithm));
    assert_eq!(jws.verify(&key), Ok(()));
    let mut altered = jws.signing_input().to_vec();
    *altered.last_mut().unwrap() ^= 1;
    assert!(key.verify(algorithm, &altered, jws.signature()).is_err());
}

#[test]
fn appendix_a_1_an_hmac_is_no_signature() {
    let vectors = vectors();
    let jws = CompactJws::parse(text(&vectors["a1_hs256"]), 8192).unwrap();
    assert_eq!(jws.alg(), Err(JwsFault::Algorithm));
    assert_eq!(jws.typ(), Some("JWT"));
}

#[test]
fn appendix_a_2_rs256_verifies() {
    verifies(&vectors()["a2_rs256"], Algorithm::Rs256);
}

#[test]
fn appendix_a_2_the_claims_with_their_line_breaks_are_read() {
    let vectors = vectors();
    let jws = CompactJws::parse(text(&vectors["a2_rs256"]["jws"]), 8192).unwrap();
    let claims = jws.claims().unwrap();
    assert_eq!(claims["iss"], "joe");
    assert_eq!(claims["exp"], 1_300_819_380);
    assert_eq!(claims["http://example.com/is_root"], true);
}

#[test]
fn appendix_a_3_es256_verifies_and_its_key_signs() {
    let vectors = vectors();
    verifies(&vectors["a3_es256"], Algorithm::Es256);
    let key = SigningKey::from_jwk(vectors["a3_es256"]["jwk"].as_object().unwrap()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    let signature = key.sign(b"message").unwrap();
    assert_eq!(public(&vectors["a3_es256"]["jwk"]).verify(Algorithm::Es256, b"message", &signature), Ok(()));
}

#[test]
fn appendix_a_4_es512_verifies_and_its_key_signs() {
    let vectors = vectors();
    verifies(&vectors["a4_es512"], Algorithm::Es512);
    let jws = CompactJws::parse(text(&vectors["a4_es512"]["jws"]), 8192).unwrap();
    assert_eq!(jws.payload(), b"Payload");
    assert_eq!(jws.claims(), Err(JwsFault::Payload));
    let key = SigningKey::from_jwk(vectors["a4_es512"]["jwk"].as_object().unwrap()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es512);
}

#[test]
fn appendix_a_5_an_unsecured_jws_is_none() {
    let vectors = vectors();
    let unsecured = text(&vectors["a5_none"]);
    assert_eq!(CompactJws::parse(unsecured, 8192).err(), Some(JwsFault::Parts));
    let jws = format!("{unsecured}AAAA");
    assert_eq!(CompactJws::parse(&jws, 8192).unwrap().alg(), Err(JwsFault::Algorithm));
}

#[test]
fn appendix_c_base64url_without_padding() {
    let vectors = vectors();
    let octets: Vec<u8> = serde_json::from_value(vectors["c_base64url"]["octets"].clone()).unwrap();
    let encoded = text(&vectors["c_base64url"]["text"]);
    assert_eq!(base64url::encode(&octets), encoded);
    assert_eq!(base64url::decode(encoded), Ok(octets));
}

#[test]
fn appendix_e_an_unknown_critical_header_is_refused() {
    let vectors = vectors();
    let example = format!("{}AAAA", text(&vectors["e_crit"]));
    assert_eq!(CompactJws::parse(&example, 8192).err(), Some(JwsFault::Critical));
}

//! RFC 7638, JSON Web Key Thumbprint: section 3.

use keybound_pop::jwk::PublicKey;
use keybound_pop::thumbprint::Thumbprint;
use serde_json::{Map, Value};

fn vectors() -> (Map<String, Value>, Thumbprint) {
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/rfc/rfc7638.json")).unwrap();
    let thumbprint = Thumbprint::parse(vectors["thumbprint"].as_str().unwrap()).unwrap();
    (vectors["jwk"].as_object().unwrap().clone(), thumbprint)
}

#[test]
fn section_3_1_the_thumbprint_of_the_example() {
    let (jwk, expected) = vectors();
    assert_eq!(PublicKey::from_jwk(&jwk).unwrap().thumbprint(), expected);
}

#[test]
fn section_3_2_only_required_members_count() {
    let (mut jwk, expected) = vectors();
    for (name, value) in [("kid", "another"), ("use", "sig"), ("alg", "PS512"), ("x", "whatever")] {
        jwk.insert(name.into(), value.into());
        assert_eq!(PublicKey::from_jwk(&jwk).unwrap().thumbprint(), expected, "{name}");
    }
}

#[test]
fn section_3_3_one_key_has_one_spelling() {
    // A modulus or exponent with leading zero octets would be the same number with another thumbprint.
    let (mut jwk, _) = vectors();
    jwk.insert("e".into(), "AAEAAQ".into());
    assert!(PublicKey::from_jwk(&jwk).is_err());
}

//! RFC 7517, JSON Web Key: the keys of appendix A.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::jwk::{KeyFault, PublicKey};
use keybound_pop::sign::{SigningKey, SigningKeyFault};
use serde_json::{Map, Value};

fn keys(section: &str) -> Vec<Map<String, Value>> {
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/rfc/rfc7517.json")).unwrap();
    let keys = vectors[section]["keys"].as_array().unwrap();
    keys.iter().map(|key| key.as_object().unwrap().clone()).collect()
}

#[test]
fn appendix_a_1_a_key_for_encryption_is_refused_and_serves_without_its_use() {
    let mut ec = keys("a1_public").remove(0);
    assert_eq!(PublicKey::from_jwk(&ec), Err(KeyFault::Use));
    ec.remove("use");
    let key = PublicKey::from_jwk(&ec).unwrap();
    let serves: Vec<Algorithm> =
        Algorithm::ALL.into_iter().filter(|algorithm| key.fits(*algorithm)).collect();
    assert_eq!(serves, [Algorithm::Es256]);
}

#[test]
fn appendix_a_1_an_rsa_key_serves_its_own_alg_only() {
    let mut rsa = keys("a1_public").remove(1);
    let key = PublicKey::from_jwk(&rsa).unwrap();
    assert_eq!(key.modulus_bits(), Some(2048));
    assert!(key.fits(Algorithm::Rs256) && !key.fits(Algorithm::Rs384) && !key.fits(Algorithm::Ps256));
    rsa.insert("alg".into(), "ES256".into());
    assert_eq!(PublicKey::from_jwk(&rsa), Err(KeyFault::Algorithm));
    rsa.remove("alg");
    let key = PublicKey::from_jwk(&rsa).unwrap();
    assert_eq!(Algorithm::ALL.into_iter().filter(|algorithm| key.fits(*algorithm)).count(), 6);
}

#[test]
fn appendix_a_1_a_key_comes_back_as_its_required_members() {
    let rsa = keys("a1_public").remove(1);
    let back = PublicKey::from_jwk(&rsa).unwrap().to_jwk();
    assert_eq!(back.keys().collect::<Vec<_>>(), ["e", "kty", "n"]);
    assert!(back.iter().all(|(name, value)| rsa[name] == *value));
}

#[test]
fn appendix_a_2_private_keys_are_refused_as_public_ones_whichever_member_is_left() {
    for key in keys("a2_private") {
        assert_eq!(PublicKey::from_jwk(&key), Err(KeyFault::Private));
        for left in ["d", "p", "q", "dp", "dq", "qi"] {
            let Some(value) = key.get(left) else { continue };
            let mut public = key.clone();
            public.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
            assert_ne!(PublicKey::from_jwk(&public), Err(KeyFault::Private));
            public.insert(left.into(), value.clone());
            assert_eq!(PublicKey::from_jwk(&public), Err(KeyFault::Private), "{left}");
            public.insert(left.into(), Value::Null);
            assert_eq!(PublicKey::from_jwk(&public), Err(KeyFault::Private), "{left} null");
        }
    }
}

#[test]
fn appendix_a_2_private_keys_sign() {
    let mut keys = keys("a2_private");
    assert_eq!(SigningKey::from_jwk(&keys[0]).err(), Some(SigningKeyFault::Public(KeyFault::Use)));
    keys[0].remove("use");
    for (jwk, algorithm) in keys.iter().zip([Algorithm::Es256, Algorithm::Rs256]) {
        let key = SigningKey::from_jwk(jwk).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.public().verify(algorithm, b"message", &signature), Ok(()));
    }
}

#[test]
fn appendix_a_3_symmetric_keys_are_refused_as_private() {
    for key in keys("a3_symmetric") {
        assert_eq!(PublicKey::from_jwk(&key), Err(KeyFault::Private));
    }
}

#[test]
fn section_4_3_key_operations_must_allow_to_verify() {
    let mut rsa = keys("a1_public").remove(1);
    for (operations, expected) in [
        (r#"["verify"]"#, Ok(())),
        (r#"["sign","verify"]"#, Ok(())),
        (r#"["sign"]"#, Err(KeyFault::Operations)),
        (r#"["encrypt"]"#, Err(KeyFault::Operations)),
        (r#"["Verify"]"#, Err(KeyFault::Operations)),
        (r#"["verify",1]"#, Err(KeyFault::Operations)),
        ("[]", Err(KeyFault::Operations)),
        (r#""verify""#, Err(KeyFault::Operations)),
        ("null", Err(KeyFault::Operations)),
    ] {
        rsa.insert("key_ops".into(), serde_json::from_str(operations).unwrap());
        assert_eq!(PublicKey::from_jwk(&rsa).map(|_| ()), expected, "{operations}");
    }
}

//! A second opinion: what we sign, a general JWT crate verifies, and the other way round.

use jsonwebtoken::{DecodingKey, Validation, decode};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::jws::CompactJws;
use keybound_pop::sign::{self, SigningKey};
use serde_json::{Map, Value, json};

use crate::object;

fn theirs(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    Some(match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        // The crate knows neither P-521 nor the new name of Ed25519.
        Algorithm::Es512 | Algorithm::Ed25519 => return None,
    })
}

fn decoding_key(key: &SigningKey) -> DecodingKey {
    let mut jwk = key.public().to_jwk();
    jwk.insert("alg".into(), key.algorithm().name().into());
    DecodingKey::from_jwk(&serde_json::from_value(Value::Object(jwk)).unwrap()).unwrap()
}

fn they_verify(
    text: &str,
    key: &DecodingKey,
    algorithm: jsonwebtoken::Algorithm,
) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<Map<String, Value>>(text, key, &validation).ok().map(|data| data.claims)
}

#[test]
fn both_agree_on_good_signatures_and_on_every_kind_of_damage() {
    let claims = object(json!({"iss": "x", "n": 1}));
    let mut agreed = 0;
    for algorithm in Algorithm::ALL {
        let Some(their_algorithm) = theirs(algorithm) else { continue };
        let key = SigningKey::generate(algorithm).unwrap();
        let their_key = decoding_key(&key);
        let text = sign::jws(&key, Map::new(), &claims).unwrap();
        assert_eq!(they_verify(&text, &their_key, their_algorithm).as_ref(), Some(&claims), "{algorithm}");
        let (signed, signature) = text.rsplit_once('.').unwrap();
        for index in (0..signature.len()).step_by(7) {
            let mut damaged = signature.to_owned().into_bytes();
            damaged[index] = if damaged[index] == b'A' { b'B' } else { b'A' };
            let damaged = format!("{signed}.{}", String::from_utf8(damaged).unwrap());
            let ours = CompactJws::parse(&damaged, 8192).is_ok_and(|jws| jws.verify(&key.public()).is_ok());
            let theirs = they_verify(&damaged, &their_key, their_algorithm).is_some();
            assert_eq!((ours, theirs), (false, false), "{algorithm} at {index}");
            agreed += 1;
        }
    }
    assert!(agreed > 100);
}

/// Where we are stricter on purpose: texts that a general crate reads and this one refuses.
#[test]
fn where_the_two_differ_we_refuse() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let their_key = decoding_key(&key);
    let claims = object(json!({"iss": "x"}));
    let header = object(json!({"crit": ["exp"], "exp": 1}));
    let text = sign::jws(&key, header, &claims).unwrap();
    assert!(CompactJws::parse(&text, 8192).is_err(), "crit");
    let _their_verdict = they_verify(&text, &their_key, jsonwebtoken::Algorithm::ES256);

    let encode = keybound_pop::base64url::encode;
    let signed = format!("{}.{}", encode(b"{\"alg\":\"ES256\"}"), encode(b"{\"role\":\"a\",\"role\":\"b\"}"));
    let twice = format!("{signed}.{}", encode(&key.sign(signed.as_bytes()).unwrap()));
    assert!(
        they_verify(&twice, &their_key, jsonwebtoken::Algorithm::ES256).is_some(),
        "a member named twice passes there"
    );
    let ours = CompactJws::parse(&twice, 8192).unwrap();
    assert!(ours.verify(&key.public()).is_ok(), "the signature is good");
    assert!(ours.claims().is_err(), "and the claims are still refused");
}

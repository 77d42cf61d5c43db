//! A differential test against `jsonwebtoken`: what one signs the other verifies, thumbprints agree, and whatever we accept it
//! accepts too. Where it accepts more, the difference is named.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::jwk::PublicKey;
use keybound_pop::jws::CompactJws;
use keybound_pop::sign::{self, SigningKey};
use serde_json::{Map, Value, json};

use crate::object;

/// The algorithms that both know; P-521 and the name `Ed25519` are unknown to the other.
const SHARED: [(Algorithm, jsonwebtoken::Algorithm); 9] = [
    (Algorithm::Es256, jsonwebtoken::Algorithm::ES256),
    (Algorithm::Es384, jsonwebtoken::Algorithm::ES384),
    (Algorithm::Rs256, jsonwebtoken::Algorithm::RS256),
    (Algorithm::Rs384, jsonwebtoken::Algorithm::RS384),
    (Algorithm::Rs512, jsonwebtoken::Algorithm::RS512),
    (Algorithm::Ps256, jsonwebtoken::Algorithm::PS256),
    (Algorithm::Ps384, jsonwebtoken::Algorithm::PS384),
    (Algorithm::Ps512, jsonwebtoken::Algorithm::PS512),
    (Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA),
];

fn claims() -> Map<String, Value> {
    object(json!({"jti": "1", "htm": "GET", "htu": "https://h/p", "iat": 1_700_000_000}))
}

fn theirs(key: &PublicKey) -> Jwk {
    serde_json::from_value(Value::Object(key.to_jwk())).unwrap()
}

fn they_accept(text: &str, key: &Jwk, algorithm: jsonwebtoken::Algorithm) -> bool {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(text, &DecodingKey::from_jwk(key).unwrap(), &validation).is_ok()
}

fn we_accept(text: &str, key: &PublicKey) -> bool {
    CompactJws::parse(text, 8192).is_ok_and(|jws| jws.claims().is_ok() && jws.verify(key).is_ok())
}

#[test]
fn what_we_sign_they_verify() {
    for (algorithm, named) in SHARED {
        let key = SigningKey::generate(algorithm).unwrap();
        let text = sign::jws(&key, Map::new(), &claims()).unwrap();
        assert!(they_accept(&text, &theirs(&key.public()), named), "{algorithm}");
    }
}

#[test]
fn what_they_sign_we_verify() {
    let ec = |signing| {
        let document = EcdsaKeyPair::generate_pkcs8(signing, &SystemRandom::new()).unwrap();
        EncodingKey::from_ec_der(document.as_ref())
    };
    for (algorithm, named) in SHARED {
        let key = match algorithm {
            Algorithm::Es256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => {
                EncodingKey::from_ed_der(Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap().as_ref())
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let document: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                EncodingKey::from_rsa_der(pkcs1(document.as_ref()))
            }
        };
        let jwk = Jwk::from_encoding_key(&key, named).unwrap();
        let public = PublicKey::from_jwk(&object(serde_json::to_value(&jwk).unwrap())).unwrap();
        let text = jsonwebtoken::encode(&Header::new(named), &claims(), &key).unwrap();
        assert!(we_accept(&text, &public), "{algorithm}");
        assert_eq!(
            public.thumbprint().encode(),
            jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
            "{algorithm}"
        );
    }
}

/// The RSAPrivateKey inside of a PKCS#8 document: with keys of 2048 bits all lengths take the same place.
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let start = pkcs8.windows(4).skip(4).position(|window| window[..2] == [0x30, 0x82]).unwrap() + 4;
    &pkcs8[start..]
}

#[test]
fn thumbprints_agree() {
    for (algorithm, _) in SHARED {
        let key = SigningKey::generate(algorithm).unwrap().public();
        assert_eq!(
            key.thumbprint().encode(),
            theirs(&key).thumbprint(ThumbprintHash::SHA256).unwrap(),
            "{algorithm}"
        );
    }
    let p521 = SigningKey::generate(Algorithm::Es512).unwrap().public();
    assert_eq!(p521.thumbprint().encode(), theirs(&p521).thumbprint(ThumbprintHash::SHA256).unwrap());
}

#[test]
fn whatever_we_accept_of_altered_texts_they_accept_too() {
    for (algorithm, named) in [SHARED[0], SHARED[2], SHARED[8]] {
        let key = SigningKey::generate(algorithm).unwrap();
        let (public, jwk) = (key.public(), theirs(&key.public()));
        let text = sign::jws(&key, Map::new(), &claims()).unwrap();
        for (at, _) in text.char_indices() {
            for with in ["A", "_", ".", "=", "", "AA"] {
                let mut altered = text.clone();
                altered.replace_range(at..=at, with);
                if we_accept(&altered, &public) {
                    assert_eq!(altered, text, "{algorithm}: only the text itself verifies");
                    assert!(they_accept(&altered, &jwk, named));
                }
            }
        }
    }
}

/// What the other accepts under a good signature and we refuse, and why.
const STRICTER: [(&str, &str, &str); 4] = [
    ("an unknown critical extension", r#"{"alg":"ES256","crit":["x"],"x":1}"#, r#"{"jti":"1"}"#),
    ("an empty crit", r#"{"alg":"ES256","crit":[]}"#, r#"{"jti":"1"}"#),
    ("compression, which JWS has not", r#"{"alg":"ES256","zip":"DEF"}"#, r#"{"jti":"1"}"#),
    ("a claim named twice", r#"{"alg":"ES256"}"#, r#"{"htm":"GET","htm":"POST"}"#),
];

#[test]
fn each_text_that_only_the_other_accepts_is_one_that_we_refuse_on_purpose() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let (public, jwk) = (key.public(), theirs(&key.public()));
    for (what, header, payload) in STRICTER {
        let signed =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
        let text = format!("{signed}.{}", base64url::encode(&key.sign(signed.as_bytes()).unwrap()));
        assert!(!we_accept(&text, &public), "{what}");
        assert!(they_accept(&text, &jwk, jsonwebtoken::Algorithm::ES256), "{what}: no difference any more");
    }
    // A private key in `jwk`: the other reads its public part.
    let mut private = key.to_jwk();
    private.remove("use");
    assert!(serde_json::from_value::<Jwk>(Value::Object(private.clone())).is_ok());
    assert!(PublicKey::from_jwk(&private).is_err());
}

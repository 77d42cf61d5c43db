//! Keys of a provider, and tokens signed with them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use keybound_pop::base64url::encode;
use serde_json::{Value, json};

pub(crate) struct Signer {
    kid: Option<String>,
    pair: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        Self {
            kid: Some(kid.to_owned()),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    pub(crate) fn nameless() -> Self {
        Self { kid: None, ..Self::new("") }
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let mut jwk = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": encode(&point[1..33]), "y": encode(&point[33..])});
        if let Some(kid) = &self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    /// A token with `typ` `at+jwt` and the key's `kid`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_with(json!({}), claims)
    }

    /// The same with members of the header set, or taken out by `null`.
    pub(crate) fn token_with(&self, changes: Value, claims: &Value) -> String {
        let mut header = json!({"alg": "ES256", "typ": "at+jwt"});
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        let header = header.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                header.remove(name);
            } else {
                header.insert(name.clone(), value.clone());
            }
        }
        self.raw(&serde_json::to_string(header).unwrap(), &claims.to_string())
    }

    pub(crate) fn raw(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", encode(signature.as_ref()))
    }
}

pub(crate) fn key_set(keys: &[&Signer]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

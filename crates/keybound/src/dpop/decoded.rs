//! A proof's parts for the eye, as far as they can be read: also those of a proof that breaks the rules.

use keybound_pop::base64url;
use keybound_pop::json;
use keybound_pop::jwk::PublicKey;
use serde_json::{Map, Value};

/// What could be read.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) header: Option<Map<String, Value>>,
    pub(super) claims: Option<Map<String, Value>>,
    pub(super) key: Option<PublicKey>,
}

impl Decoded {
    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.as_ref()?.get(name)?.as_str()
    }

    /// The whole part of a claim that is a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let value = self.claims.as_ref()?.get(name)?;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the whole part is what is wanted; beyond range it saturates"
        )]
        value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
    }

    /// A claim that is a SHA-256 digest.
    pub(super) fn digest(&self, name: &str) -> Option<[u8; 32]> {
        base64url::decode(self.text(name)?).ok()?.try_into().ok()
    }
}

/// Reads what can be read.
pub(super) fn decode(proof: &str) -> Decoded {
    let mut parts = proof.split('.').map(|part| {
        let bytes = base64url::decode(part).ok()?;
        json::parse_object(&bytes, json::MAX_DEPTH).ok()
    });
    let (header, claims) = (parts.next().flatten(), parts.next().flatten());
    let key = header
        .as_ref()
        .and_then(|header| header.get("jwk")?.as_object())
        .and_then(|jwk| PublicKey::from_jwk(jwk).ok());
    Decoded { header, claims, key }
}

//! One key set.

use std::sync::Arc;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::jwk::PublicKey;
use serde_json::{Map, Value};

use crate::fault::Cause;

/// Most members of a key set that are looked at.
const MAX_KEYS: usize = 128;

/// Most keys that are tried for one token.
const MAX_TRIED: usize = 8;

/// The keys of a set that can verify signatures.
///
/// Left out without a word are members that are not for it: `use` other than `sig`, `key_ops` without `verify`, an
/// `alg` that is no asymmetric signature algorithm, symmetric keys; and broken ones: no object, private members, a
/// point off its curve, RSA below 2048 bits. A set whose members are all left out is an empty set, not a fault.
#[derive(Debug, Clone)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    left_out: usize,
}

#[derive(Debug, Clone)]
struct Key {
    kid: Option<String>,
    alg: Option<Algorithm>,
    key: PublicKey,
    /// As the provider wrote it.
    member: Arc<Map<String, Value>>,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 §5); members beyond the 128th are left out.
    pub(crate) fn read(document: &Map<String, Value>) -> Result<Self, Cause> {
        let Some(Value::Array(members)) = document.get("keys") else {
            return Err(Cause::Malformed("key set without keys"));
        };
        let keys: Vec<Key> = members.iter().take(MAX_KEYS).filter_map(Key::read).collect();
        let left_out = members.len() - keys.len();
        Ok(Self { keys, left_out })
    }

    /// How many keys can verify signatures.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys as the provider wrote them.
    pub(super) fn members(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.keys.iter().map(|key| &*key.member)
    }

    /// How many members were left out.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The keys that may have made a signature with `algorithm`: those with the same `kid` when the token names one,
    /// else all that fit the algorithm; at most eight. Each with its member of the set.
    pub(crate) fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = (&PublicKey, &Arc<Map<String, Value>>)> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(move |key| key.serves(algorithm))
            .map(|key| (&key.key, &key.member))
            .take(MAX_TRIED)
    }
}

impl Key {
    fn read(member: &Value) -> Option<Self> {
        let member = member.as_object()?;
        if member.get("use").is_some_and(|usage| usage != "sig") || !may_verify(member) {
            return None;
        }
        let kid = match member.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return None,
        };
        let alg = match member.get("alg") {
            None => None,
            Some(alg) => Some(Algorithm::from_name(alg.as_str()?)?),
        };
        let key = PublicKey::from_jwk(member).ok()?;
        Some(Self { kid, alg, key, member: Arc::new(member.clone()) })
    }

    fn serves(&self, algorithm: Algorithm) -> bool {
        self.alg.is_none_or(|alg| same(alg, algorithm)) && self.key.fits(algorithm)
    }
}

fn may_verify(member: &Map<String, Value>) -> bool {
    match member.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    }
}

/// `EdDSA` on Ed25519 and `Ed25519` name the same algorithm (RFC 9864 §2.2).
fn same(one: Algorithm, other: Algorithm) -> bool {
    let plain = |algorithm| if algorithm == Algorithm::Ed25519 { Algorithm::EdDsa } else { algorithm };
    plain(one) == plain(other)
}

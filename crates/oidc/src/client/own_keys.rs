//! Keys of the gateway's own, for `private_key_jwt` without `client_jwk`: one for each algorithm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::SigningKey;
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::assertion::Named;

/// The algorithms that have a key. `Ed25519` is another name of what `EdDSA` signs, so that one key serves both.
const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
];

/// The keys of the process: empty until somebody who keeps them puts a set in place.
///
/// Making a set takes seconds, because of the RSA keys among them, and is never done on the way of a request: who needs keys
/// says so once, by [`Self::want`], and until they are there calls that need one fail as the gateway's own fault.
#[derive(Default)]
pub struct OwnKeys {
    held: ArcSwapOption<Held>,
    wanted: AtomicBool,
    wants: Notify,
}

struct Held {
    set: Vec<Map<String, Value>>,
    signing: Vec<Arc<Named>>,
}

/// A key set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {number} of the set: {cause}")]
pub struct OwnKeysFault {
    number: usize,
    cause: String,
}

impl OwnKeys {
    /// Says that an instance signs with these keys.
    pub fn want(&self) {
        self.wanted.store(true, Ordering::Release);
        if self.are_missing() {
            self.wants.notify_one();
        }
    }

    /// Whether somebody signs with these keys and there are none.
    #[must_use]
    pub fn are_missing(&self) -> bool {
        self.wanted.load(Ordering::Acquire) && !self.are_there()
    }

    /// Whether there is a set.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.held.load().is_some()
    }

    /// Ready when keys may be missing. One waits.
    pub async fn missed(&self) {
        self.wants.notified().await;
    }

    /// A new set of private JWKs, one for each algorithm, each named by its thumbprint (RFC 7638). Takes seconds.
    ///
    /// # Errors
    /// The library gave no key.
    pub fn generate() -> Result<Vec<Map<String, Value>>, OwnKeysFault> {
        let made = ALGORITHMS.into_iter().enumerate().map(|(index, algorithm)| {
            let key = SigningKey::generate(algorithm)
                .map_err(|fault| OwnKeysFault { number: index + 1, cause: fault.to_string() })?;
            let mut jwk = key.to_jwk();
            jwk.insert("kid".to_owned(), key.public().thumbprint().encode().into());
            Ok(jwk)
        });
        made.collect()
    }

    /// The set that follows `current`: new keys first, then the public halves of the ones that they replace, so that what
    /// was signed a moment ago, here or on another node, still verifies. Halves that were there before leave.
    ///
    /// # Errors
    /// The library gave no key.
    pub fn rotated(current: &[Map<String, Value>]) -> Result<Vec<Map<String, Value>>, OwnKeysFault> {
        let mut set = Self::generate()?;
        set.extend(current.iter().filter(|jwk| is_private(jwk)).map(public));
        Ok(set)
    }

    /// Finds out whether a set could be put in place.
    ///
    /// # Errors
    /// [`OwnKeysFault`] with the first key that cannot be used.
    pub fn check(&self, set: &[Map<String, Value>]) -> Result<(), OwnKeysFault> {
        let is_held = self.held.load().as_ref().is_some_and(|held| held.set == set);
        if is_held { Ok(()) } else { read(set).map(drop) }
    }

    /// Puts a set in place of the one before; `None`: there is none. Keys without a private part are only published.
    ///
    /// # Errors
    /// [`OwnKeysFault`]: the set before stays.
    pub fn put(&self, set: Option<&[Map<String, Value>]>) -> Result<(), OwnKeysFault> {
        let Some(set) = set else {
            self.held.store(None);
            if self.are_missing() {
                self.wants.notify_one();
            }
            return Ok(());
        };
        if self.held.load().as_ref().is_some_and(|held| held.set == set) {
            return Ok(());
        }
        let signing = read(set)?;
        self.held.store(Some(Arc::new(Held { set: set.to_vec(), signing })));
        Ok(())
    }

    /// The public halves, as they are published; empty while there is no set.
    #[must_use]
    pub fn published(&self) -> Vec<Map<String, Value>> {
        self.held.load().as_ref().map(|held| held.set.iter().map(public).collect()).unwrap_or_default()
    }

    /// The set as it is kept, private parts and all. Never log it.
    #[must_use]
    pub fn set(&self) -> Option<Vec<Map<String, Value>>> {
        self.held.load().as_ref().map(|held| held.set.clone())
    }

    /// The first key that signs with this algorithm.
    pub(super) fn signing(&self, algorithm: Algorithm) -> Option<Arc<Named>> {
        let held = self.held.load();
        held.as_ref()?.signing.iter().find(|named| named.key().algorithm() == algorithm).cloned()
    }
}

impl std::fmt::Debug for OwnKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnKeys").field("are_there", &self.are_there()).finish_non_exhaustive()
    }
}

fn read(set: &[Map<String, Value>]) -> Result<Vec<Arc<Named>>, OwnKeysFault> {
    let private = set.iter().enumerate().filter(|(_, jwk)| is_private(jwk));
    let named = private.map(|(index, jwk)| {
        let mut jwk = jwk.clone();
        jwk.retain(|_, value| !value.is_null());
        let key = SigningKey::from_jwk(&jwk)
            .map_err(|fault| OwnKeysFault { number: index + 1, cause: fault.to_string() })?;
        Ok(Arc::new(Named::new(key, &jwk)))
    });
    named.collect()
}

fn is_private(jwk: &Map<String, Value>) -> bool {
    jwk.get("d").is_some_and(|part| !part.is_null())
}

/// The members that may be published, by name: what is not known to be public stays here.
fn public(jwk: &Map<String, Value>) -> Map<String, Value> {
    const PUBLIC: [&str; 13] =
        ["kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e", "x5c", "x5t", "x5t#S256"];
    let members = jwk.iter().filter(|(name, value)| PUBLIC.contains(&name.as_str()) && !value.is_null());
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_a_key_for_each_algorithm_and_publishes_no_private_member() {
        let keys = OwnKeys::default();
        assert!(keys.published().is_empty() && keys.signing(Algorithm::Es256).is_none());
        let set = OwnKeys::generate().unwrap();
        keys.put(Some(&set)).unwrap();
        for algorithm in ALGORITHMS {
            let named = keys.signing(algorithm).unwrap();
            let kid = named.key().public().thumbprint().encode();
            let published = keys.published();
            let jwk = published.iter().find(|jwk| jwk["kid"] == kid.as_str()).unwrap();
            assert_eq!(jwk["alg"], algorithm.name());
        }
        for jwk in keys.published() {
            for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "issuer"] {
                assert!(!jwk.contains_key(member), "{member}");
            }
        }

        let rotated = OwnKeys::rotated(&set).unwrap();
        keys.put(Some(&rotated)).unwrap();
        let before: Vec<_> = set.iter().map(|jwk| jwk["kid"].clone()).collect();
        let published: Vec<_> = keys.published().iter().map(|jwk| jwk["kid"].clone()).collect();
        assert!(before.iter().all(|kid| published.contains(kid)), "the old ones stay published");
        let signing = keys.signing(Algorithm::Rs256).unwrap().key().public().thumbprint().encode();
        assert!(!before.contains(&signing.as_str().into()), "the new ones sign");

        let again = OwnKeys::rotated(&rotated).unwrap();
        assert_eq!(again.len(), 2 * ALGORITHMS.len());
        assert!(again.iter().all(|jwk| !before.contains(&jwk["kid"])), "they leave with the next rotation");
    }

    #[test]
    fn a_broken_set_leaves_the_one_before() {
        let keys = OwnKeys::default();
        let mut jwk = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk();
        keys.put(Some(&[jwk.clone()])).unwrap();
        jwk.insert("x".to_owned(), "AA".into());
        assert_eq!(keys.put(Some(&[jwk])).unwrap_err().number, 1);
        assert!(keys.signing(Algorithm::Es256).is_some());
        keys.put(None).unwrap();
        assert!(!keys.are_there());
    }
}

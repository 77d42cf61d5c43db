//! All key sets of one issuer, and the check of a signature with them.

use std::sync::Arc;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::jws::CompactJws;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::KeySet;
use crate::fault::{Fault, TokenFault};
use crate::remote::{Demand, Remote};

/// The key sets of one issuer, in the order in which they are tried.
#[derive(Clone, Default)]
pub(crate) struct KeyRing {
    sets: Vec<Remote<KeySet>>,
}

/// Why a set did not verify a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Miss {
    /// It has no key for it.
    UnknownKey,
    /// It has one, and the signature is wrong.
    Signature,
}

/// A set that did not verify a token and might after a renewal.
struct Tried<'a> {
    remote: &'a Remote<KeySet>,
    set: Arc<KeySet>,
    miss: Miss,
}

impl KeyRing {
    pub(crate) fn new(sets: Vec<Remote<KeySet>>) -> Self {
        Self { sets }
    }

    /// The keys in memory, as the provider wrote them.
    pub(crate) fn at_hand(&self) -> Vec<Map<String, Value>> {
        let sets = self.sets.iter().filter_map(Remote::held);
        sets.flat_map(|set| set.members().cloned().collect::<Vec<_>>()).collect()
    }

    /// When the oldest of the sets in memory came; `None` without any.
    pub(crate) fn since(&self) -> Option<UnixTime> {
        self.sets.iter().filter_map(Remote::since).min()
    }

    /// Whether the last fetch of any of the sets failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.sets.iter().any(Remote::is_failing)
    }

    /// Lets go of the keys in memory.
    pub(crate) fn forget(&self) {
        self.sets.iter().for_each(Remote::forget);
    }

    /// Checks the signature of `token`: with the sets as they are, then, where a `kid` is unknown or the signature of
    /// a known one fails, with renewed sets as far as the rediscovery time allows a renewal. A set that this call
    /// already waited for is not renewed again. Returns the key that made it, as the provider wrote it.
    ///
    /// # Errors
    /// [`TokenFault::Signature`] when a key fits and the signature is wrong, [`TokenFault::UnknownKey`] when none
    /// fits, [`Fault::Provider`] when none fits and a set could not be had.
    pub(crate) async fn verify(
        &self,
        token: &CompactJws<'_>,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Map<String, Value>>, Fault> {
        let mut provider = None;
        let mut wrong = false;
        let mut tried = Vec::new();
        for remote in &self.sets {
            match remote.current().await {
                Ok(reading) => match check(&reading.value, token, kid, algorithm) {
                    Ok(key) => return Ok(key),
                    Err(miss) => {
                        wrong |= miss == Miss::Signature;
                        if !reading.awaited {
                            tried.push(Tried { remote, set: reading.value, miss });
                        }
                    }
                },
                Err(fault) => provider = provider.or(Some(fault)),
            }
        }
        let relevant = if wrong { Miss::Signature } else { Miss::UnknownKey };
        for Tried { remote, set, .. } in tried.iter().filter(|tried| tried.miss == relevant) {
            let demand = if wrong { Demand::Misfit } else { Demand::Missing };
            match remote.renewed(demand).await {
                Ok(renewed) => {
                    // Without a renewal of our own, another request's may have landed since.
                    let newer = renewed.or_else(|| remote.held()).filter(|newer| !Arc::ptr_eq(newer, set));
                    match newer.map(|newer| check(&newer, token, kid, algorithm)) {
                        Some(Ok(key)) => return Ok(key),
                        Some(Err(miss)) => wrong |= miss == Miss::Signature,
                        None => {}
                    }
                }
                Err(fault) => provider = provider.or(Some(fault)),
            }
        }
        match provider {
            _ if wrong => Err(TokenFault::Signature.into()),
            Some(fault) => Err(fault.into()),
            None => Err(TokenFault::UnknownKey.into()),
        }
    }
}

fn check(
    set: &KeySet,
    token: &CompactJws<'_>,
    kid: Option<&str>,
    algorithm: Algorithm,
) -> Result<Arc<Map<String, Value>>, Miss> {
    let mut miss = Miss::UnknownKey;
    for (key, member) in set.candidates(kid, algorithm) {
        if token.verify(key).is_ok() {
            return Ok(Arc::clone(member));
        }
        miss = Miss::Signature;
    }
    Err(miss)
}

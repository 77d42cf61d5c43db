use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{Object, ProofFault};
use crate::algorithm::{Algorithm, AlgorithmSet};
use crate::jwk::{PreparedKey, PublicKey, SignatureFault};
use crate::jws::{self, JwsFault};
use crate::thumbprint::Thumbprint;

/// A proof's header after its checks. A client sends the same one with every proof, so it is worth keeping.
#[derive(Debug)]
pub struct ProofHeader {
    algorithm: Algorithm,
    key: PublicKey,
    thumbprint: Thumbprint,
    uses: AtomicU32,
}

/// Where headers that were checked are kept, by their text. The caller bounds it.
pub trait KeyCache: Send + Sync {
    /// The header of that text, if it was kept.
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>>;

    /// Keeps a header. Called only after a signature by its key verified, so a stranger cannot fill the cache for free.
    fn keep(&self, segment: &str, header: &Arc<ProofHeader>);

    /// Whether a signature by this header's key may be checked now ([`PublicKey::work`] tells what that costs). Asked after every
    /// cheaper check has passed: the place to bound what the dear ones take up.
    fn affords(&self, _header: &ProofHeader) -> bool {
        true
    }

    /// The key of this header made ready for less, where the cache holds it. Asked for just before the signature is verified:
    /// the place to count how often a key comes back.
    fn prepared(&self, _header: &ProofHeader) -> Option<Arc<PreparedKey>> {
        None
    }
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl KeyCache for NoCache {
    fn find(&self, _segment: &str) -> Option<Arc<ProofHeader>> {
        None
    }

    fn keep(&self, _segment: &str, _header: &Arc<ProofHeader>) {}
}

impl ProofHeader {
    /// Checks a header: JSON, extensions, `typ`, `alg` (one of `accepted`), `jwk`, in that order (RFC 9449 §4.3 steps 2, 4, 5,
    /// 7). `kid`, `x5c`, `x5u` and `jku` are ignored and never fetched.
    ///
    /// # Errors
    /// The first rule that the header breaks.
    pub fn parse(segment: &str, accepted: AlgorithmSet) -> Result<Self, ProofFault> {
        let header = jws::parse_header(segment).map_err(|fault| match fault {
            JwsFault::Base64 => ProofFault::Form,
            JwsFault::Critical | JwsFault::Compressed => ProofFault::Extension,
            _ => ProofFault::Header,
        })?;
        if !is_dpop_jwt(&header) {
            return Err(ProofFault::Typ);
        }
        let algorithm = jws::algorithm_of(&header).map_err(|_| ProofFault::Algorithm)?;
        if !accepted.contains(algorithm) {
            return Err(ProofFault::AlgorithmNotAccepted);
        }
        let jwk = header.get("jwk").and_then(Value::as_object).ok_or(ProofFault::JwkMissing)?;
        let key = PublicKey::from_jwk(jwk)?;
        if !key.fits(algorithm) {
            return Err(ProofFault::JwkAlgorithm);
        }
        let thumbprint = key.thumbprint();
        Ok(Self { algorithm, key, thumbprint, uses: AtomicU32::new(0) })
    }

    /// The header's `alg`.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The header's `jwk`.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key's thumbprint.
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// Counts one more use, for caches that prepare keys that come back ([`KeyCache::prepared`]): how many there were, this one
    /// included.
    pub fn count_use(&self) -> u32 {
        self.uses.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Verifies a signature with the prepared key where there is one, and it is this one.
    pub(super) fn verify(
        &self,
        prepared: Option<&PreparedKey>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        match prepared.filter(|prepared| *prepared.key() == self.key) {
            Some(prepared) => prepared.verify(self.algorithm, message, signature),
            None => self.key.verify(self.algorithm, message, signature),
        }
    }

    /// What [`Self::parse`] asks of `alg`, for a header that was kept under another policy.
    pub(super) const fn accepted(&self, algorithms: AlgorithmSet) -> Result<(), ProofFault> {
        if algorithms.contains(self.algorithm) { Ok(()) } else { Err(ProofFault::AlgorithmNotAccepted) }
    }
}

/// Media types are case-insensitive, and `application/` may be left out (RFC 7515 §4.1.9).
fn is_dpop_jwt(header: &Object) -> bool {
    header.get("typ").and_then(Value::as_str).is_some_and(|typ| {
        typ.eq_ignore_ascii_case("dpop+jwt") || typ.eq_ignore_ascii_case("application/dpop+jwt")
    })
}

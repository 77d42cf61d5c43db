//! Tokens that were verified, so that a signature is checked once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use keybound_pop::time::UnixTime;
use moka::Expiry;
use moka::sync::Cache;

use super::VerifiedToken;
use crate::fault::TokenFault;
use crate::tally::Tally;

/// A bounded cache of verified tokens, by the SHA-256 of the token. Cheap to clone; one for a whole process will do:
/// each [`Verifier`](super::Verifier) sees its own entries only.
///
/// Whether a token holds at the time of the request is evaluated on each hit; the cache's own expiry only frees memory.
#[derive(Debug, Clone)]
pub struct TokenCache {
    entries: Cache<Key, Entry>,
    partitions: Arc<AtomicU32>,
    lookups: Arc<Tally<2>>,
}

/// What was found in the cache, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCacheFigures {
    /// Tokens that were there.
    pub hits: u64,
    /// Tokens that had to be verified.
    pub misses: u64,
    /// Tokens that are there now, about.
    pub entries: u64,
    /// Bytes that they take, about.
    pub bytes: u64,
}

const HIT: usize = 0;
const MISS: usize = 1;

type Key = ([u8; 32], u32);

#[derive(Debug, Clone)]
struct Entry {
    token: Arc<VerifiedToken>,
    weight: u32,
    keep: Duration,
}

/// One verifier's part of a cache.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    cache: TokenCache,
    id: u32,
}

impl TokenCache {
    /// A cache of at most about `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_: &Key, entry: &Entry| entry.weight)
            .expire_after(UntilEnd)
            .build();
        Self { entries, partitions: Arc::default(), lookups: Arc::default() }
    }

    /// What was found in it since it was made, and what it holds.
    #[must_use]
    pub fn figures(&self) -> TokenCacheFigures {
        let [hits, misses] = self.lookups.sums();
        TokenCacheFigures {
            hits,
            misses,
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
        }
    }

    pub(super) fn partition(&self) -> Partition {
        Partition { cache: self.clone(), id: self.partitions.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Partition {
    /// The token with this hash, if it was verified before and holds at `now`.
    ///
    /// # Errors
    /// The fault of its times, when it no longer holds, or not yet.
    pub(super) fn lookup(
        &self,
        hash: &[u8; 32],
        now: UnixTime,
    ) -> Option<Result<Arc<VerifiedToken>, TokenFault>> {
        let token = self.cache.entries.get(&(*hash, self.id))?.token;
        self.cache.lookups.count(HIT);
        Some(token.validity.check(now).map(|()| token))
    }

    /// Notes that a token was not there and will be verified.
    pub(super) fn missed(&self) {
        self.cache.lookups.count(MISS);
    }

    /// Keeps a token of `length` bytes until its end. One without an end is not kept.
    pub(super) fn keep(&self, hash: &[u8; 32], token: &Arc<VerifiedToken>, length: usize, now: UnixTime) {
        let left = token.validity.ends().map(|end| end.saturating_sub(now.secs()));
        let Some(left) = left.and_then(|left| u64::try_from(left).ok()).filter(|left| *left > 0) else {
            return;
        };
        // Parsed claims take about four times the room of their text.
        let weight = u32::try_from(length.saturating_mul(4).saturating_add(512)).unwrap_or(u32::MAX);
        let entry = Entry { token: Arc::clone(token), weight, keep: Duration::from_secs(left) };
        self.cache.entries.insert((*hash, self.id), entry);
    }
}

struct UntilEnd;

impl Expiry<Key, Entry> for UntilEnd {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.keep)
    }
}

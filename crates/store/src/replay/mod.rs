//! The records of proofs that were used: one atomic put-if-absent with an end.

mod bucket;
mod memory;
mod quota;
mod redis;

use crate::BoxFuture;

pub use memory::MemoryReplay;
pub use redis::{RedisReplay, RedisReplaySettings, Start};

/// A proof that was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayRecord {
    /// What names the proof: a digest of key and `jti`.
    pub id: [u8; 16],
    /// What names the key: for the quota.
    pub key: [u8; 16],
    /// The last second at which the proof could still be valid.
    pub until: i64,
    /// The second in which it was made: what an engine needs that can lose records while the process runs.
    pub made: i64,
    /// Whether that is known by a nonce, and not only by the client's clock.
    pub by_nonce: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    Fresh,
    /// It was there before: the proof is a replay.
    Seen,
    /// Records of proofs from its time may be missing. It was not recorded.
    Cold,
    /// There is no room. Nothing was evicted: an evicted record would let a replay through.
    Full,
    /// The key has too many live records.
    KeyQuota {
        /// Seconds until some of them end.
        retry_after: u64,
    },
}

/// The store is slow or out of reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("replay store: {0}")]
pub struct ReplayFault(pub String);

/// Keeps replay records.
pub trait ReplayStore: Send + Sync {
    /// Records a proof unless it is there already: of any number of calls with one id, exactly one is told
    /// [`Recorded::Fresh`] for as long as the record lives. `now` is in seconds since 1970.
    fn put_if_absent<'a>(
        &'a self,
        record: ReplayRecord,
        now: i64,
    ) -> BoxFuture<'a, Result<Recorded, ReplayFault>>;

    /// How many records live, as far as this process knows.
    fn live(&self) -> u64;

    /// How many may live; `None` where this process does not keep them.
    fn most(&self) -> Option<u64> {
        None
    }

    /// Bytes that they take here.
    fn bytes(&self) -> u64 {
        0
    }
}

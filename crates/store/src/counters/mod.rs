//! Counters of requests in windows of time, of one process or shared.

mod memory;
mod redis;

use crate::BoxFuture;

pub use self::memory::MemoryCounters;
pub use self::redis::RedisCounters;

/// A stretch of time in which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What the stretch is called: `minute`.
    pub name: &'static str,
    /// Its first second, since 1970.
    pub start: i64,
    /// The second after its last one.
    pub end: i64,
    /// How many requests may be counted in it.
    pub limit: u64,
}

/// The store is slow or out of reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("counters: {0}")]
pub struct CounterFault(pub String);

/// Counts requests.
pub trait CounterStore: Send + Sync {
    /// Counts one request of `who` in every window, unless one of them is full: then it is counted in none. Answers how
    /// many were counted in each window before. All of it is one step that no other call comes between.
    ///
    /// `who` is at most some hundred bytes long; the caller digests what is longer. `now` is in seconds since 1970.
    fn count<'a>(
        &'a self,
        who: &'a str,
        windows: &'a [Window],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<u64>, CounterFault>>;
}

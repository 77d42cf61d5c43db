//! What plugins are handed of the world around them.

use std::sync::Arc;

use keybound_oidc::TrustRoots;
use keybound_pop::time::{Clock, UnixTime};
use keybound_store::counters::{CounterStore, RedisSettings};
use keybound_store::replay::ReplayStore;
use tokio::runtime::Handle;

use crate::metrics::Metrics;

/// Unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Makes the memories of used proofs.
pub trait ReplayStores: Send + Sync {
    /// An empty memory of at most `max_entries` live records, `max_entries_per_key` of them of one key.
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore>;
}

/// Makes the counters of requests.
pub trait CounterStores: Send + Sync {
    /// The counters of this process: always the same.
    fn memory(&self) -> Arc<dyn CounterStore>;

    /// The counters in a Redis; it connects when they are first used.
    fn redis(&self, settings: &RedisSettings) -> Arc<dyn CounterStore>;
}

/// The world around the plugins.
#[derive(Clone)]
pub struct Environment {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for nonces and for the secret that seals them where none is configured.
    pub random: Arc<dyn Random>,
    /// Where calls to providers run. They go on when the request that started them is given up.
    pub runtime: Handle,
    /// The authorities that certificates of providers are checked against.
    pub roots: TrustRoots,
    /// The memories of used proofs.
    pub replay: Arc<dyn ReplayStores>,
    /// The counters of requests.
    pub counters: Arc<dyn CounterStores>,
    /// What `prometheus` counts.
    pub metrics: Arc<Metrics>,
    /// When this process started: what it remembers of used proofs begins there.
    pub started_at: UnixTime,
}

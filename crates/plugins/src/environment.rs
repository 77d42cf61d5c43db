//! What plugins are handed of the world around them.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::hkdf;
use keybound_oidc::TrustRoots;
use keybound_pop::time::{Clock, UnixTime};
use keybound_store::counters::CounterStore;
use keybound_store::redis::RedisSettings;
use keybound_store::replay::{RedisReplaySettings, ReplayStore};
use keybound_store::shared::SharedStores;
use tokio::runtime::Handle;

use crate::delivery::Deliveries;
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

    /// The memory in a Redis, which all nodes share that have this instance.
    fn redis(&self, redis: &RedisSettings, settings: RedisReplaySettings) -> Arc<dyn ReplayStore>;
}

/// Makes the counters of requests.
pub trait CounterStores: Send + Sync {
    /// The counters of this process: always the same.
    fn memory(&self) -> Arc<dyn CounterStore>;

    /// The counters in a Redis; it connects when they are first used.
    fn redis(&self, settings: &RedisSettings) -> Arc<dyn CounterStore>;
}

/// The secret that all other secrets of Keybound's own are derived from.
pub struct RootSecret {
    secret: [u8; 32],
    shared: bool,
    /// What the configuration store keeps; known once that is open, and before anything is derived.
    kept: OnceLock<[u8; 32]>,
}

impl RootSecret {
    /// A root. `shared`: every node of the configuration store has the same one, and has it again after a restart.
    #[must_use]
    pub fn new(secret: [u8; 32], shared: bool) -> Self {
        Self { secret, shared, kept: OnceLock::new() }
    }

    /// Takes the secret that the configuration store keeps, which other nodes and later processes have too.
    pub fn share(&self, kept: [u8; 32]) {
        // There is one store, so that nothing was taken before.
        let _ = self.kept.set(kept);
    }

    /// Whether other nodes, and this one after a restart, derive the same.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared || self.kept.get().is_some()
    }

    /// The secret for one purpose (HKDF-SHA256, RFC 5869): another for every purpose and every context.
    #[must_use]
    pub fn derive(&self, purpose: &str, context: &[u8]) -> [u8; 32] {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keybound root v1")
            .extract(self.kept.get().unwrap_or(&self.secret));
        let mut derived = [0; 32];
        // Expanding to one block of the hash cannot fail.
        let info = [purpose.as_bytes(), &[0], context];
        let filled = root.expand(&info, hkdf::HKDF_SHA256).and_then(|expanded| expanded.fill(&mut derived));
        debug_assert!(filled.is_ok());
        derived
    }
}

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootSecret").field("shared", &self.is_shared()).finish_non_exhaustive()
    }
}

/// What is measured of requests that are traced (`tracing_instrumentations`). All off: traces are passed on, none is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instrumentations {
    /// The request as a whole.
    pub request: bool,
    /// Each plugin's decision, and within `openid-connect` the token and its proof.
    pub plugin_access: bool,
    /// Calls to providers that the request waits for.
    pub http_client: bool,
    /// The upstream, from the choice of a target to the head of its response.
    pub balancer: bool,
}

impl Instrumentations {
    /// All there are.
    pub const ALL: Self = Self { request: true, plugin_access: true, http_client: true, balancer: true };

    /// Whether any is on.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// How requests are traced where a plugin does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracing {
    /// What is measured.
    pub instrumentations: Instrumentations,
    /// The share of requests that are, where the plugin does not say (`tracing_sampling_rate`).
    pub sampling_rate: f64,
}

impl Default for Tracing {
    /// Nothing is measured; one in a hundred would be.
    fn default() -> Self {
        Self { instrumentations: Instrumentations::default(), sampling_rate: 0.01 }
    }
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
    /// Values that nodes share: sessions, caches.
    pub shared: Arc<dyn SharedStores>,
    /// How requests are traced.
    pub tracing: Tracing,
    /// What `prometheus` counts.
    pub metrics: Arc<Metrics>,
    /// What plugins send to log servers and collectors.
    pub deliveries: Arc<Deliveries>,
    /// Where the keys come from that seal sessions, nonces and shared caches.
    pub root: Arc<RootSecret>,
    /// When this process started: what it remembers of used proofs begins there.
    pub started_at: UnixTime,
}

use std::sync::Arc;

use keybound_model::entity::Seed;
use keybound_oidc::TrustRoots;
use keybound_plugins::{CounterStores, Environment, Random, ReplayStores, RootSecret, Tracing};
use keybound_pop::time::UnixTime;
use keybound_store::counters::{CounterStore, MemoryCounters, RedisCounters};
use keybound_store::redis::{RedisClients, RedisSettings, TlsConfigs};
use keybound_store::replay::{MemoryReplay, RedisReplay, RedisReplaySettings, ReplayStore};
use keybound_store::shared::{MemoryShared, RedisShared, SharedStore, SharedStores};
use tokio::runtime::Handle;

use super::StartFault;
use crate::clock::SystemClock;
use crate::settings::Settings;

/// The world around the plugins, as this process has it.
pub(super) fn environment(
    settings: &Settings,
    roots: TrustRoots,
    runtime: Handle,
    started_at: UnixTime,
) -> Result<Environment, StartFault> {
    let stores = Arc::new(Stores {
        counters: Arc::new(MemoryCounters::new(COUNTED)),
        shared: Arc::new(MemoryShared::new(SHARED, SHARED_BYTES)),
        redis: RedisClients::new(tls(&roots)?),
    });
    Ok(Environment {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        runtime,
        counters: Arc::clone(&stores) as _,
        shared: Arc::clone(&stores) as _,
        replay: stores,
        metrics: Arc::default(),
        deliveries: Arc::default(),
        tracing: Tracing {
            instrumentations: settings.tracing_instrumentations.0,
            sampling_rate: settings.tracing_sampling_rate.0,
        },
        roots,
        root: Arc::new(RootSecret::new(secret(), false)),
        started_at,
    })
}

fn tls(roots: &TrustRoots) -> Result<TlsConfigs, StartFault> {
    let config = |verify| {
        let made = roots.client_config(verify).map(Arc::new);
        made.map_err(|fault| StartFault::System { what: "TLS to Redis", cause: fault.to_string() })
    };
    Ok(TlsConfigs { verified: config(true)?, unverified: config(false)? })
}

/// The cryptographic library's randomness.
struct SystemRandom;

/// What keys and secrets are made of that credentials of a declarative file do not bring.
pub(super) fn seed() -> Seed {
    Seed::new(secret())
}

/// Thirty-two unpredictable bytes.
pub(super) fn secret() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes);
    bytes
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // The library fails only when the operating system has no entropy to give yet. Waiting is right then: going on
        // with predictable bytes is not.
        while aws_lc_rs::rand::fill(bytes).is_err() {
            std::thread::yield_now();
        }
    }
}

/// How many callers the counters in memory have room for: some tens of megabytes at the most.
const COUNTED: usize = 200_000;
/// How many shared values the memory has room for.
const SHARED: usize = 1_000_000;
/// And for how many bytes of them.
const SHARED_BYTES: usize = 256 * 1024 * 1024;

/// What requests share: one memory for this process, and whatever Redis is configured.
struct Stores {
    counters: Arc<MemoryCounters>,
    shared: Arc<MemoryShared>,
    redis: RedisClients,
}

impl ReplayStores for Stores {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(max_entries, max_entries_per_key))
    }

    fn redis(&self, redis: &RedisSettings, settings: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        Arc::new(RedisReplay::new(self.redis.client(redis), settings))
    }
}

impl CounterStores for Stores {
    fn memory(&self) -> Arc<dyn CounterStore> {
        Arc::clone(&self.counters) as _
    }

    fn redis(&self, settings: &RedisSettings) -> Arc<dyn CounterStore> {
        Arc::new(RedisCounters::new(self.redis.client(settings)))
    }
}

impl SharedStores for Stores {
    fn memory(&self) -> Arc<dyn SharedStore> {
        Arc::clone(&self.shared) as _
    }

    fn redis(&self, settings: &RedisSettings) -> Arc<dyn SharedStore> {
        Arc::new(RedisShared::new(self.redis.client(settings)))
    }
}

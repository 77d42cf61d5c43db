use std::sync::Arc;

use keybound_model::entity::Seed;
use keybound_oidc::TrustRoots;
use keybound_plugins::{CounterStores, Environment, Random, ReplayStores, RootSecret};
use keybound_pop::time::UnixTime;
use keybound_store::counters::{CounterStore, MemoryCounters, RedisCounters, RedisSettings};
use keybound_store::replay::{MemoryReplay, ReplayStore};
use tokio::runtime::Handle;

use crate::clock::SystemClock;

/// The world around the plugins, as this process has it.
pub(super) fn environment(roots: TrustRoots, runtime: Handle, started_at: UnixTime) -> Environment {
    let counters =
        Arc::new(Counters { memory: Arc::new(MemoryCounters::new(COUNTED)), runtime: runtime.clone() });
    Environment {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        runtime,
        counters,
        metrics: Arc::default(),
        roots,
        replay: Arc::new(InMemory),
        root: Arc::new(RootSecret::new(secret(), false)),
        started_at,
    }
}

/// The cryptographic library's randomness.
struct SystemRandom;

/// What keys and secrets are made of that credentials of a declarative file do not bring.
pub(super) fn seed() -> Seed {
    Seed::new(secret())
}

fn secret() -> [u8; 32] {
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

/// Replay records in the memory of this process.
struct InMemory;

impl ReplayStores for InMemory {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(max_entries, max_entries_per_key))
    }
}

/// How many callers the counters in memory have room for: some tens of megabytes at the most.
const COUNTED: usize = 200_000;

/// Counters of requests: one memory for this process, and whatever Redis is configured.
struct Counters {
    memory: Arc<MemoryCounters>,
    runtime: Handle,
}

impl CounterStores for Counters {
    fn memory(&self) -> Arc<dyn CounterStore> {
        Arc::clone(&self.memory) as Arc<dyn CounterStore>
    }

    fn redis(&self, settings: &RedisSettings) -> Arc<dyn CounterStore> {
        Arc::new(RedisCounters::new(settings.clone(), self.runtime.clone()))
    }
}

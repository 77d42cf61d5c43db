use std::sync::Arc;

use keybound_model::entity::Seed;
use keybound_oidc::TrustRoots;
use keybound_plugins::{Environment, Random, ReplayStores};
use keybound_pop::time::UnixTime;
use keybound_store::replay::{MemoryReplay, ReplayStore};
use tokio::runtime::Handle;

use crate::clock::SystemClock;

/// The world around the plugins, as this process has it.
pub(super) fn environment(roots: TrustRoots, runtime: Handle, started_at: UnixTime) -> Environment {
    Environment {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        runtime,
        roots,
        replay: Arc::new(InMemory),
        started_at,
    }
}

/// The cryptographic library's randomness.
struct SystemRandom;

/// What keys and secrets are made of that credentials of a declarative file do not bring.
pub(super) fn seed() -> Seed {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes);
    Seed::new(bytes)
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

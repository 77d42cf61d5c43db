use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use keybound_oidc::own_place;

/// Threads beyond so many share a part with another one.
const PARTS: usize = 16;

/// One `T` for each thread that counts, made when it counts first: no core waits for another, and whoever reads adds up.
pub(super) struct Spread<T>(Box<[OnceLock<Box<T>>]>);

impl<T: Default> Spread<T> {
    /// The calling thread's part.
    pub(super) fn own(&self) -> Option<&T> {
        self.0.get(own_place()).map(|part| &**part.get_or_init(Box::default))
    }
}

impl<T> Spread<T> {
    /// The parts that there are.
    pub(super) fn parts(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(OnceLock::get).map(|part| &**part)
    }
}

impl<T> Default for Spread<T> {
    fn default() -> Self {
        Self((0..PARTS).map(|_| OnceLock::new()).collect())
    }
}

/// A counter, apart from what other threads write.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Count(AtomicU64);

impl Spread<Count> {
    /// Counts one more.
    pub(super) fn count(&self) {
        if let Some(own) = self.own() {
            own.0.fetch_add(1, Relaxed);
        }
    }

    /// How many were counted.
    pub(super) fn sum(&self) -> u64 {
        self.parts().map(|count| count.0.load(Relaxed)).sum()
    }
}

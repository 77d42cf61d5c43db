//! How the calls to providers went.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keybound_pop::algorithm::Algorithm;

use crate::fault::Call;
use crate::tally::Tally;

/// The bounds of the times of calls, in milliseconds.
pub const CALL_BOUNDS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

/// How the calls to providers went since it was made, by what they are for.
#[derive(Debug, Default)]
pub struct CallCounts {
    metadata: Counts,
    keys: Counts,
    introspection: Counts,
    answers: Tally<2>,
    signatures: Tally<{ Algorithm::ALL.len() }>,
}

/// How often something was found where it is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// It was there.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
}

#[derive(Debug, Default)]
struct Counts {
    succeeded: AtomicU64,
    failed: AtomicU64,
    micros: AtomicU64,
    within: [AtomicU64; CALL_BOUNDS.len()],
}

/// How the calls of one kind went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFigures {
    /// Calls whose answer could be used.
    pub succeeded: u64,
    /// Calls that failed.
    pub failed: u64,
    /// The time that all of them took, in microseconds.
    pub micros: u64,
    /// How many took no longer than each of [`CALL_BOUNDS`], those of the shorter bounds included.
    pub within: [u64; CALL_BOUNDS.len()],
}

impl CallCounts {
    /// Does the work of a call and counts how it went.
    pub(crate) async fn counted<T, E>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = work.await;
        self.of(call).count(result.is_ok(), started.elapsed());
        result
    }

    /// How the calls of a kind went.
    #[must_use]
    pub fn read(&self, call: Call) -> CallFigures {
        let counts = self.of(call);
        let mut so_far = 0;
        let within = std::array::from_fn(|bound| {
            so_far += counts.within.get(bound).map_or(0, |bucket| bucket.load(Relaxed));
            so_far
        });
        CallFigures {
            succeeded: counts.succeeded.load(Relaxed),
            failed: counts.failed.load(Relaxed),
            micros: counts.micros.load(Relaxed),
            within,
        }
    }

    /// Counts a look for an introspection answer.
    pub(crate) fn looked(&self, found: bool) {
        self.answers.count(usize::from(!found));
    }

    /// Counts the check of a token's signature.
    pub(crate) fn checked(&self, algorithm: Algorithm) {
        self.signatures.count(algorithm as usize);
    }

    /// How often an introspection answer was kept already.
    #[must_use]
    pub fn answers(&self) -> Looked {
        let [hits, misses] = self.answers.sums();
        Looked { hits, misses }
    }

    /// How often tokens' signatures were checked, in the order of [`Algorithm::ALL`].
    #[must_use]
    pub fn signatures(&self) -> [u64; Algorithm::ALL.len()] {
        self.signatures.sums()
    }

    fn of(&self, call: Call) -> &Counts {
        match call {
            Call::Metadata => &self.metadata,
            Call::Keys => &self.keys,
            Call::Introspection => &self.introspection,
        }
    }
}

impl Counts {
    fn count(&self, succeeded: bool, took: Duration) {
        let which = if succeeded { &self.succeeded } else { &self.failed };
        which.fetch_add(1, Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        let place = CALL_BOUNDS.iter().position(|bound| took <= Duration::from_millis(*bound));
        if let Some(bucket) = place.and_then(|place| self.within.get(place)) {
            bucket.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_every_bound_that_they_keep() {
        let counts = Counts::default();
        counts.count(true, Duration::from_millis(30));
        counts.count(false, Duration::from_secs(60));
        let calls = CallCounts { keys: counts, ..CallCounts::default() };
        let read = calls.read(Call::Keys);
        assert_eq!((read.succeeded, read.failed, read.micros), (1, 1, 60_030_000));
        assert_eq!(read.within, [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(calls.read(Call::Introspection).succeeded, 0);
    }
}

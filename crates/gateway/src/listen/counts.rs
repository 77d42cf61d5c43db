use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many connections and requests there were since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub active: u64,
    /// Requests taken.
    pub requests: u64,
    /// Those of them that were turned away because there was too much to do.
    pub shed: u64,
}

/// What the workers count, each for itself, so that no core waits for another.
#[derive(Debug, Clone)]
pub struct TrafficCounts(Arc<[WorkerCounts]>);

/// What one worker counts. Written by its thread alone.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct WorkerCounts {
    accepted: AtomicU64,
    closed: AtomicU64,
    requests: AtomicU64,
    shed: AtomicU64,
}

impl TrafficCounts {
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| WorkerCounts::default()).collect())
    }

    /// The sums of now.
    #[must_use]
    pub fn sum(&self) -> Traffic {
        self.0.iter().fold(Traffic::default(), |sum, worker| {
            // What ended is read first, so that nothing ended that had not begun.
            let closed = worker.closed.load(Relaxed);
            let accepted = worker.accepted.load(Relaxed);
            Traffic {
                accepted: sum.accepted + accepted,
                active: sum.active + accepted.saturating_sub(closed),
                requests: sum.requests + worker.requests.load(Relaxed),
                shed: sum.shed + worker.shed.load(Relaxed),
            }
        })
    }

    pub(crate) fn of(&self, worker: usize) -> Share {
        Share { counts: self.clone(), worker }
    }
}

/// One worker's place among the counts.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    counts: TrafficCounts,
    worker: usize,
}

impl Share {
    pub(crate) fn accepted(&self) {
        self.add(|counts| &counts.accepted);
    }

    pub(crate) fn closed(&self) {
        self.add(|counts| &counts.closed);
    }

    pub(crate) fn requested(&self) {
        self.add(|counts| &counts.requests);
    }

    pub(crate) fn shed(&self) {
        self.add(|counts| &counts.shed);
    }

    fn add(&self, which: fn(&WorkerCounts) -> &AtomicU64) {
        if let Some(counts) = self.counts.0.get(self.worker) {
            which(counts).fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_over_all_workers() {
        let counts = TrafficCounts::new(2);
        let (one, two) = (counts.of(0), counts.of(1));
        one.accepted();
        two.accepted();
        two.accepted();
        two.closed();
        one.requested();
        two.requested();
        two.shed();
        assert_eq!(counts.sum(), Traffic { accepted: 3, active: 2, requests: 2, shed: 1 });
    }
}

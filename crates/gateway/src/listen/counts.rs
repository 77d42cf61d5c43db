use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use keybound_plugins::fault;
use tokio::runtime::Handle;

use crate::observe::{Handshake, Handshakes, RuntimeFigures, WorkerFigures};

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
pub struct TrafficCounts {
    workers: Arc<[WorkerCounts]>,
    /// The codes of faults, sorted.
    codes: Arc<[&'static str]>,
}

/// What one worker counts. Written by its thread alone.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct WorkerCounts {
    accepted: AtomicU64,
    closed: AtomicU64,
    requests: AtomicU64,
    finished: AtomicU64,
    handshakes: [AtomicU64; Handshake::COUNT],
    /// Answers with a fault, by the place of its code.
    faults: Box<[AtomicU64]>,
    runtime: OnceLock<Handle>,
    shed: AtomicU64,
}

impl TrafficCounts {
    pub(crate) fn new(workers: usize) -> Self {
        let codes: Arc<[&'static str]> = fault::entries().iter().map(|entry| entry.row.code).collect();
        let faults = || codes.iter().map(|_| AtomicU64::new(0)).collect();
        let workers = (0..workers).map(|_| WorkerCounts { faults: faults(), ..WorkerCounts::default() });
        Self { workers: workers.collect(), codes }
    }

    /// What each worker counted, and how its runtime is.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerFigures> {
        let figures = |worker: &WorkerCounts| {
            let closed = worker.closed.load(Relaxed);
            let finished = worker.finished.load(Relaxed);
            let (accepted, requests) = (worker.accepted.load(Relaxed), worker.requests.load(Relaxed));
            let [completed, failed, timed_out] = std::array::from_fn(|kind| {
                worker.handshakes.get(kind).map_or(0, |count| count.load(Relaxed))
            });
            WorkerFigures {
                accepted,
                connections: accepted.saturating_sub(closed),
                requests,
                in_flight: requests.saturating_sub(finished),
                handshakes: Handshakes { completed, failed, timed_out },
                runtime: worker.runtime.get().map(RuntimeFigures::of),
            }
        };
        self.workers.iter().map(figures).collect()
    }

    /// How often Keybound answered with each fault, by its code; those that never occurred too.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, u64)> {
        let sum = |place: usize| {
            let of = |worker: &WorkerCounts| worker.faults.get(place).map_or(0, |count| count.load(Relaxed));
            self.workers.iter().map(of).sum()
        };
        self.codes.iter().enumerate().map(|(place, code)| (*code, sum(place))).collect()
    }

    /// The sums of now.
    #[must_use]
    pub fn sum(&self) -> Traffic {
        self.workers.iter().fold(Traffic::default(), |sum, worker| {
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

    /// A request is over.
    pub(crate) fn finished(&self) {
        self.add(|counts| &counts.finished);
    }

    /// A TLS handshake ended.
    pub(crate) fn handshake(&self, ended: Handshake) {
        let counts = self.counts.workers.get(self.worker);
        if let Some(count) = counts.and_then(|counts| counts.handshakes.get(ended as usize)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// A request was answered with the fault of this code.
    pub(crate) fn faulted(&self, code: &str) {
        let place = self.counts.codes.binary_search(&code);
        let counts = self.counts.workers.get(self.worker);
        if let (Ok(place), Some(counts)) = (place, counts)
            && let Some(count) = counts.faults.get(place)
        {
            count.fetch_add(1, Relaxed);
        }
    }

    /// The worker's runtime runs.
    pub(crate) fn runs_on(&self, runtime: Handle) {
        if let Some(counts) = self.counts.workers.get(self.worker) {
            // A worker has one runtime from its start to its end.
            let _ = counts.runtime.set(runtime);
        }
    }

    pub(crate) fn shed(&self) {
        self.add(|counts| &counts.shed);
    }

    fn add(&self, which: fn(&WorkerCounts) -> &AtomicU64) {
        if let Some(counts) = self.counts.workers.get(self.worker) {
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
        two.finished();
        let in_flight: Vec<u64> = counts.workers().iter().map(|worker| worker.in_flight).collect();
        assert_eq!(in_flight, [1, 0]);
    }

    #[test]
    fn faults_are_counted_by_the_codes_of_the_table() {
        let counts = TrafficCounts::new(2);
        counts.of(0).faulted("route_none");
        counts.of(1).faulted("route_none");
        counts.of(1).faulted("no_such_code");
        let found: Vec<_> = counts.faults().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(found, [("route_none", 2)]);
    }
}

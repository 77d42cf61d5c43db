use std::sync::atomic::{AtomicU64, Ordering};

/// The bounds of the time that the gateway itself takes, in milliseconds.
pub(super) const OWN: &[u64] = &[1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000];
/// The bounds of the time that upstreams and whole requests take.
pub(super) const WHOLE: &[u64] = &[25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/// How often a time was within each bound.
pub(super) struct Histogram {
    bounds: &'static [u64],
    within: Vec<AtomicU64>,
    sum: AtomicU64,
    count: AtomicU64,
}

/// The bounds with how many values are within each, the count of all, and their sum.
pub(super) type Reading = (Vec<(u64, u64)>, u64, u64);

impl Histogram {
    pub(super) fn new(bounds: &'static [u64]) -> Self {
        let within = bounds.iter().map(|_| AtomicU64::new(0)).collect();
        Self { bounds, within, sum: AtomicU64::new(0), count: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, value: u64) {
        // One bucket only; the sums over the smaller ones are made when it is read.
        let place = self.bounds.iter().position(|bound| value <= *bound);
        if let Some(bucket) = place.and_then(|place| self.within.get(place)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was observed; `None` when nothing was.
    pub(super) fn read(&self) -> Option<Reading> {
        Some(self.reading()).filter(|(_, count, _)| *count > 0)
    }

    /// What was observed.
    pub(super) fn reading(&self) -> Reading {
        let mut so_far = 0;
        let within: Vec<(u64, u64)> = self
            .bounds
            .iter()
            .zip(&self.within)
            .map(|(bound, bucket)| {
                so_far += bucket.load(Ordering::Relaxed);
                (*bound, so_far)
            })
            .collect();
        // Read last: a value that comes in between must not make the count smaller than a bucket.
        let count = self.count.load(Ordering::Relaxed).max(so_far);
        (within, count, self.sum.load(Ordering::Relaxed))
    }
}

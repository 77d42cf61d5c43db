use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How fast the past is forgotten, in milliseconds.
const DECAY: f64 = 10_000.0;

/// How long a peer took to answer of late: a mean in which what is long ago weighs little. Two answers at the same
/// moment may overwrite each other; that costs precision only.
#[derive(Debug, Default)]
pub(super) struct Latency {
    /// The bits of the mean in milliseconds.
    mean: AtomicU64,
    /// When it was noted.
    at: AtomicU64,
}

impl Latency {
    /// Notes an answer.
    pub(super) fn note(&self, now: u64, took: Duration) {
        let before = f64::from_bits(self.mean.load(Relaxed));
        let weight = self.weight(now);
        let took = took.as_secs_f64() * 1000.0;
        // The first one counts as a whole.
        let mean = if before == 0.0 { took } else { before * weight + took * (1.0 - weight) };
        self.mean.store(mean.to_bits(), Relaxed);
        self.at.store(now, Relaxed);
    }

    /// The mean; with time it sinks, so that a peer that was slow once is tried again.
    pub(super) fn now(&self, now: u64) -> f64 {
        f64::from_bits(self.mean.load(Relaxed)) * self.weight(now)
    }

    fn weight(&self, now: u64) -> f64 {
        let passed = now.saturating_sub(self.at.load(Relaxed));
        // Far beyond the precision of the mean it is 0 anyway.
        (-f64::from(u32::try_from(passed).unwrap_or(u32::MAX)) / DECAY).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_follows_the_answers_and_sinks_with_time() {
        let latency = Latency::default();
        latency.note(0, Duration::from_millis(100));
        assert!((latency.now(0) - 100.0).abs() < 0.01);
        latency.note(10_000, Duration::from_millis(200));
        let mean = latency.now(10_000);
        assert!(
            (mean - (100.0 / std::f64::consts::E + 200.0 * (1.0 - 1.0 / std::f64::consts::E))).abs() < 0.01
        );
        assert!(latency.now(60_000) < 2.0);
    }
}

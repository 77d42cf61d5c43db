use std::time::Duration;

/// What a client's body may take up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes in all.
    pub(crate) bytes: Option<u64>,
    /// Time between two reads.
    pub(crate) pause: Duration,
    /// Bytes that each second of waiting must bring, once the waits come to `pause` in all; 0: none.
    pub(crate) rate: u32,
}

impl Bounds {
    /// How long the client is waited for now, when it has sent so much and was waited for so long.
    pub(super) fn patience(&self, received: u64, waited: Duration) -> Duration {
        let Some(worth) = received.checked_div(u64::from(self.rate)) else { return self.pause };
        let left = self.pause.saturating_add(Duration::from_secs(worth)).saturating_sub(waited);
        left.min(self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(60);

    fn patience(rate: u32, received: u64, waited: u64) -> u64 {
        let bounds = Bounds { bytes: None, pause: PAUSE, rate };
        bounds.patience(received, Duration::from_secs(waited)).as_secs()
    }

    #[test]
    fn a_body_that_trickles_runs_out_of_patience_and_a_steady_one_does_not() {
        assert_eq!(patience(500, 0, 0), 60);
        assert_eq!(patience(500, 10, 59), 1, "a byte every six seconds");
        assert_eq!(patience(500, 10, 60), 0);
        assert_eq!(patience(500, 500 * 3600, 3600), 60, "an hour at the least rate");
        assert_eq!(patience(500, u64::MAX, 3600), 60);
    }

    #[test]
    fn without_a_rate_only_the_pause_counts() {
        assert_eq!(patience(0, 1, 100_000), 60);
    }
}

/// Which requests are measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampler {
    /// The share of traces.
    pub(super) rate: f64,
    pub(super) strategy: Strategy,
}

/// What the client's word on sampling means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// It can say no; otherwise the rate decides.
    CanDrop,
    /// It decides; the rate only where there is none.
    Decides,
}

impl Strategy {
    pub(super) fn named(name: &str) -> Self {
        if name == "parent_probability_fallback" { Self::Decides } else { Self::CanDrop }
    }
}

impl Sampler {
    /// Whether a trace is measured: for the same trace on every node alike.
    pub(super) fn takes(&self, trace: &[u8; 16], parent: Option<bool>) -> bool {
        match (self.strategy, parent) {
            (Strategy::Decides, Some(sampled)) => sampled,
            (Strategy::CanDrop, Some(false)) => false,
            _ => self.is_chosen(trace),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of 53 bits, which a double holds")]
    fn is_chosen(&self, trace: &[u8; 16]) -> bool {
        let low = trace.last_chunk::<8>().map_or(0, |low| u64::from_be_bytes(*low));
        ((low >> 11) as f64) < self.rate * (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(low: u64) -> [u8; 16] {
        (u128::from(low) | 1 << 100).to_be_bytes()
    }

    #[test]
    fn the_rate_decides_by_the_name_of_the_trace() {
        let sampler = |rate| Sampler { rate, strategy: Strategy::CanDrop };
        assert!(sampler(1.0).takes(&id(u64::MAX), None));
        assert!(!sampler(0.0).takes(&id(0), None));
        assert!(sampler(0.5).takes(&id(u64::MAX / 2 - 5000), None));
        assert!(!sampler(0.5).takes(&id(u64::MAX / 2 + 5000), None));
    }

    #[test]
    fn the_client_can_say_no_and_where_it_decides_also_yes() {
        for (strategy, parent, rate, takes) in [
            (Strategy::CanDrop, Some(false), 1.0, false),
            (Strategy::CanDrop, Some(true), 0.0, false),
            (Strategy::CanDrop, Some(true), 1.0, true),
            (Strategy::Decides, Some(false), 1.0, false),
            (Strategy::Decides, Some(true), 0.0, true),
            (Strategy::Decides, None, 1.0, true),
        ] {
            assert_eq!(Sampler { rate, strategy }.takes(&id(7), parent), takes, "{strategy:?} {parent:?}");
        }
    }
}

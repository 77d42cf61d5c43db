use std::time::Duration;

use tokio::time::Instant;

/// How long nothing more is said of losses of one kind.
const QUIET: Duration = Duration::from_secs(60);

/// What was said of losses of one kind: once, and then once a minute with how many there were.
#[derive(Debug, Default)]
pub(super) struct Told {
    entries: u64,
    at: Option<Instant>,
}

impl Told {
    /// Adds a loss, to be spoken of later.
    pub(super) fn note(&mut self, entries: u64) {
        self.entries += entries;
    }

    /// How many entries to speak of, when it is time to.
    pub(super) fn due(&mut self, now: Instant) -> Option<u64> {
        if self.entries == 0 || self.at.is_some_and(|at| now.duration_since(at) < QUIET) {
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.entries))
    }

    /// What is left to speak of at the end.
    pub(super) fn rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.entries)).filter(|entries| *entries > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_said_at_once_and_those_after_it_once_a_minute_together() {
        let (start, mut told) = (Instant::now(), Told::default());
        let mut add = |entries, now| {
            told.note(entries);
            told.due(now)
        };
        assert_eq!(add(0, start), None);
        assert_eq!(add(2, start), Some(2));
        assert_eq!(add(3, start + QUIET / 2), None);
        assert_eq!(add(4, start + QUIET), Some(7));
        assert_eq!(add(1, start + QUIET), None);
        told.note(1);
        assert_eq!((told.rest(), told.rest()), (Some(2), None));
    }
}

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

    /// Adds a loss. How many entries to speak of, when it is time to.
    pub(super) fn add(&mut self, entries: u64, now: Instant) -> Option<u64> {
        self.note(entries);
        if self.entries == 0 || self.at.is_some_and(|at| now.duration_since(at) < QUIET) {
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.entries))
    }

    /// Adds a loss, and says what is left to speak of at the end.
    pub(super) fn rest(&mut self, entries: u64) -> Option<u64> {
        Some(std::mem::take(&mut self.entries) + entries).filter(|entries| *entries > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_said_at_once_and_those_after_it_once_a_minute_together() {
        let (start, mut told) = (Instant::now(), Told::default());
        assert_eq!(told.add(0, start), None);
        assert_eq!(told.add(2, start), Some(2));
        assert_eq!(told.add(3, start + QUIET / 2), None);
        assert_eq!(told.add(4, start + QUIET), Some(7));
        assert_eq!(told.add(1, start + QUIET), None);
        assert_eq!((told.rest(1), told.rest(0)), (Some(2), None));
    }
}

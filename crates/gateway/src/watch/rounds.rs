use std::time::Duration;

/// When targets are probed next: the healthy ones and the others each in their own time, by a clock that the caller reads.
#[derive(Debug)]
pub(super) struct Rounds {
    healthy: Option<Beat>,
    unhealthy: Option<Beat>,
}

#[derive(Debug)]
struct Beat {
    every: Duration,
    next: Duration,
}

/// Which targets are probed now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) healthy: bool,
    pub(super) unhealthy: bool,
}

impl Rounds {
    /// The first round of both is at once.
    pub(super) fn new(healthy: Option<Duration>, unhealthy: Option<Duration>) -> Self {
        let beat = |every: Option<Duration>| every.map(|every| Beat { every, next: Duration::ZERO });
        Self { healthy: beat(healthy), unhealthy: beat(unhealthy) }
    }

    /// What is due, and from now on waits again.
    pub(super) fn due(&mut self, now: Duration) -> Round {
        let due = |beat: &mut Option<Beat>| match beat {
            Some(beat) if beat.next <= now => {
                // Rounds that were missed are not made up for.
                beat.next = now + beat.every;
                true
            }
            _ => false,
        };
        Round { healthy: due(&mut self.healthy), unhealthy: due(&mut self.unhealthy) }
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Duration> {
        [&self.healthy, &self.unhealthy].into_iter().flatten().map(|beat| beat.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn each_kind_has_its_own_time() {
        let mut rounds = Rounds::new(Some(at(10)), Some(at(3)));
        let mut told = Vec::new();
        for second in 0..=12 {
            let round = rounds.due(at(second));
            told.extend(round.healthy.then(|| format!("healthy {second}")));
            told.extend(round.unhealthy.then(|| format!("unhealthy {second}")));
        }
        let expected = [
            "healthy 0",
            "unhealthy 0",
            "unhealthy 3",
            "unhealthy 6",
            "unhealthy 9",
            "healthy 10",
            "unhealthy 12",
        ];
        assert_eq!(told, expected);
        assert_eq!(rounds.next(), Some(at(15)));
    }

    #[test]
    fn what_is_off_is_never_due_and_what_was_missed_stays_so() {
        let mut rounds = Rounds::new(None, Some(at(2)));
        assert_eq!(rounds.due(at(0)), Round { healthy: false, unhealthy: true });
        assert_eq!(rounds.due(at(9)), Round { healthy: false, unhealthy: true });
        assert_eq!(rounds.due(at(10)), Round { healthy: false, unhealthy: false });
        assert_eq!(Rounds::new(None, None).next(), None);
    }
}

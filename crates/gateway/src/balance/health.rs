use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

/// Whether an address of a target takes requests, and what was counted since it last changed. One word, so that requests read
/// and write it without a lock. What probes count and what requests count is kept apart.
#[derive(Debug, Default)]
pub(crate) struct Health(AtomicU64);

/// Who looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looker {
    /// A probe. Only it brings a target back.
    Probe,
    /// A request.
    Request,
}

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// A good answer.
    Success,
    /// A connection that failed.
    TcpFailure,
    /// No answer in time.
    Timeout,
    /// An answer with a status that counts as failing.
    HttpFailure,
}

/// After how many of what an address changes; 0 for never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) successes: u8,
    pub(crate) tcp_failures: u8,
    pub(crate) timeouts: u8,
    pub(crate) http_failures: u8,
}

/// The bit that says that it takes no requests.
const UNHEALTHY: u64 = 1 << 63;
/// The failures that requests count.
const OF_REQUESTS: u64 = 0x00ff_ffff_0000_0000;
/// The failures that probes count.
const OF_PROBES: u64 = 0x0000_0000_ffff_ff00;
/// The successes that probes count.
const SUCCESSES: u64 = 0xff;

impl Limits {
    /// Whether nothing makes an address unhealthy.
    pub(crate) fn never_fail(self) -> bool {
        self.tcp_failures == 0 && self.timeouts == 0 && self.http_failures == 0
    }

    fn of(self, sight: Sight) -> u8 {
        match sight {
            Sight::Success => self.successes,
            Sight::TcpFailure => self.tcp_failures,
            Sight::Timeout => self.timeouts,
            Sight::HttpFailure => self.http_failures,
        }
    }
}

impl Health {
    pub(crate) fn is_healthy(&self) -> bool {
        self.0.load(Relaxed) & UNHEALTHY == 0
    }

    /// Says how it is, and forgets what was counted. Whether that is a change.
    pub(crate) fn set(&self, healthy: bool) -> bool {
        let word = if healthy { 0 } else { UNHEALTHY };
        self.0.swap(word, AcqRel) & UNHEALTHY != word
    }

    /// Counts what was seen. Whether it is healthy now, when that changed.
    pub(crate) fn note(&self, looker: Looker, sight: Sight, limits: Limits) -> Option<bool> {
        let mut word = self.0.load(Relaxed);
        loop {
            let next = step(word, looker, sight, limits);
            if next == word {
                return None;
            }
            match self.0.compare_exchange_weak(word, next, AcqRel, Acquire) {
                Ok(_) if (word ^ next) & UNHEALTHY != 0 => return Some(next & UNHEALTHY == 0),
                Ok(_) => return None,
                Err(current) => word = current,
            }
        }
    }
}

/// What comes of one look. A success ends the row of failures, a failure the row of successes.
fn step(word: u64, looker: Looker, sight: Sight, limits: Limits) -> u64 {
    let limit = u64::from(limits.of(sight));
    let healthy = word & UNHEALTHY == 0;
    match (sight, looker) {
        (Sight::Success, Looker::Request) if healthy => word & !OF_REQUESTS,
        (Sight::Success, Looker::Probe) if healthy => word & !OF_PROBES,
        // A request that was under way brings nothing back.
        (Sight::Success, Looker::Request) => word,
        (Sight::Success, Looker::Probe) => match limit {
            0 => word,
            limit if (word & SUCCESSES) + 1 >= limit => 0,
            _ => word + 1,
        },
        (_, Looker::Probe) if !healthy => word & !SUCCESSES,
        (_, Looker::Request) if !healthy => word,
        _ if limit == 0 => word,
        _ => {
            let shift = shift(looker, sight);
            let count = ((word >> shift) & 0xff) + 1;
            if count >= limit { UNHEALTHY } else { word + (1 << shift) }
        }
    }
}

fn shift(looker: Looker, sight: Sight) -> u32 {
    let place = match sight {
        Sight::Success => 0,
        Sight::TcpFailure => 8,
        Sight::HttpFailure => 16,
        Sight::Timeout => 24,
    };
    if looker == Looker::Probe { place } else { place + 24 }
}

#[cfg(test)]
mod tests {
    use super::Looker::{Probe, Request};
    use super::Sight::{HttpFailure, Success, TcpFailure, Timeout};
    use super::*;

    const LIMITS: Limits = Limits { successes: 2, tcp_failures: 1, timeouts: 3, http_failures: 2 };

    fn notes(health: &Health, looks: &[(Looker, Sight)]) -> Vec<Option<bool>> {
        looks.iter().map(|(looker, sight)| health.note(*looker, *sight, LIMITS)).collect()
    }

    #[test]
    fn failures_in_a_row_make_it_unhealthy_and_probes_that_succeed_bring_it_back() {
        let health = Health::default();
        assert_eq!(notes(&health, &[(Probe, HttpFailure), (Probe, HttpFailure)]), [None, Some(false)]);
        assert!(!health.is_healthy());
        assert_eq!(notes(&health, &[(Probe, Success), (Probe, Success)]), [None, Some(true)]);
        assert!(health.is_healthy());
    }

    #[test]
    fn a_success_ends_a_row_of_failures_and_a_failure_one_of_successes() {
        let health = Health::default();
        let looks = [(Request, HttpFailure), (Request, Success), (Request, HttpFailure)];
        assert_eq!(notes(&health, &looks), [None; 3]);
        assert_eq!(notes(&health, &[(Request, HttpFailure)]), [Some(false)]);
        assert_eq!(notes(&health, &[(Probe, Success), (Probe, Timeout), (Probe, Success)]), [None; 3]);
        assert_eq!(notes(&health, &[(Probe, Success)]), [Some(true)]);
    }

    #[test]
    fn requests_never_bring_it_back() {
        let health = Health::default();
        assert_eq!(notes(&health, &[(Request, TcpFailure)]), [Some(false)]);
        assert_eq!(notes(&health, &[(Request, Success); 20]), [None; 20]);
        assert!(!health.is_healthy());
    }

    #[test]
    fn each_kind_of_failure_and_each_looker_has_its_own_count() {
        let health = Health::default();
        let looks = [
            (Request, HttpFailure),
            (Probe, HttpFailure),
            (Request, Timeout),
            (Request, Timeout),
            (Probe, Timeout),
            (Probe, Timeout),
        ];
        assert_eq!(notes(&health, &looks), [None; 6]);
        assert_eq!(notes(&health, &[(Request, Success)]), [None], "ends only the row of requests");
        assert_eq!(notes(&health, &[(Probe, Timeout)]), [Some(false)]);
    }

    #[test]
    fn a_limit_of_0_counts_nothing_and_the_highest_is_reached() {
        let health = Health::default();
        for sight in [TcpFailure, Timeout, HttpFailure] {
            for looker in [Probe, Request] {
                assert_eq!(health.note(looker, sight, Limits::default()), None);
            }
        }
        assert_eq!(health.0.load(Relaxed), 0);
        let most = Limits { timeouts: 255, ..Limits::default() };
        let flips: Vec<_> = (0..255).filter_map(|_| health.note(Request, Timeout, most)).collect();
        assert_eq!(flips, [false]);
    }

    #[test]
    fn what_is_said_counts_at_once() {
        let health = Health::default();
        assert!(health.set(false) && !health.set(false) && !health.is_healthy());
        assert!(health.set(true) && !health.set(true) && health.is_healthy());
    }
}

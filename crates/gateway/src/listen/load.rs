//! How much a worker has in hand, and when it takes on no more.
//!
//! Two signs tell that there is too much: the number of requests in flight, and how late the worker's own timer comes, which is
//! how long everything waits for its turn. Where the timer is late twice in a row, fewer requests are let in flight: half of what
//! there were. While it is in time again, the bound grows back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use crate::settings::Limits;

/// What a worker has in hand. On its thread alone; atomics because an upgraded socket must be able to move.
#[derive(Debug, Clone)]
pub(crate) struct Load(Arc<State>);

#[derive(Debug)]
struct State {
    in_flight: AtomicU32,
    bound: AtomicU32,
}

/// The bound of a worker, and how it follows what the worker's timer shows.
#[derive(Debug)]
pub(crate) struct Governor {
    load: Load,
    most: u32,
    max_lag: Duration,
    was_late: bool,
}

/// However late everything is, so many requests go on.
const FEWEST: u32 = 8;

impl Load {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(State { in_flight: AtomicU32::new(0), bound: AtomicU32::new(most(limits)) }))
    }

    /// One more request.
    pub(crate) fn begin(&self) {
        // One thread writes: a load and a store cost less than one step that cannot be interrupted.
        self.0.in_flight.store(self.in_flight().saturating_add(1), Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.in_flight.store(self.in_flight().saturating_sub(1), Relaxed);
    }

    /// Whether there are more requests in flight than there may be.
    pub(crate) fn is_too_much(&self) -> bool {
        self.in_flight() > self.0.bound.load(Relaxed)
    }

    fn in_flight(&self) -> u32 {
        self.0.in_flight.load(Relaxed)
    }
}

impl Governor {
    pub(crate) fn new(load: &Load, limits: &Limits) -> Self {
        Self { load: load.clone(), most: most(limits), max_lag: limits.max_lag, was_late: false }
    }

    /// Takes into account how late the worker's timer came. The bound where it becomes lower than it was.
    pub(crate) fn observe(&mut self, lag: Duration) -> Option<u32> {
        let before = self.load.0.bound.load(Relaxed);
        let late = !self.max_lag.is_zero() && lag > self.max_lag;
        // Late once may be a machine that was asleep.
        let bound = match (late, std::mem::replace(&mut self.was_late, late)) {
            (true, true) => before.min(self.load.in_flight() / 2).max(FEWEST.min(self.most)),
            (true, false) => before,
            (false, _) => before.saturating_add(before / 2).saturating_add(1).min(self.most),
        };
        self.load.0.bound.store(bound, Relaxed);
        (bound < before).then_some(bound)
    }
}

/// No bound is one that is never reached.
fn most(limits: &Limits) -> u32 {
    if limits.max_requests == 0 { u32::MAX } else { limits.max_requests }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_millis(1500);
    const IN_TIME: Duration = Duration::from_millis(3);

    fn governed(max_requests: u32, max_lag: u64) -> (Load, Governor) {
        let limits = Limits { max_requests, max_lag: Duration::from_millis(max_lag), ..Limits::default() };
        let load = Load::new(&limits);
        let governor = Governor::new(&load, &limits);
        (load, governor)
    }

    #[test]
    fn the_bound_itself_is_let_in_and_one_more_is_not() {
        let (load, _) = governed(2, 0);
        load.begin();
        load.begin();
        assert!(!load.is_too_much());
        load.begin();
        assert!(load.is_too_much());
        load.end();
        assert!(!load.is_too_much());
    }

    #[test]
    fn late_twice_halves_what_is_in_flight_and_time_gives_it_back() {
        let (load, mut governor) = governed(1000, 1000);
        (0..400).for_each(|_| load.begin());
        assert_eq!(governor.observe(LATE), None);
        assert_eq!(governor.observe(LATE), Some(200));
        assert!(load.is_too_much());
        assert_eq!(governor.observe(IN_TIME), None);
        let mut looks = 1;
        while load.is_too_much() {
            assert_eq!(governor.observe(IN_TIME), None);
            looks += 1;
        }
        assert!(looks <= 3, "{looks}");
    }

    #[test]
    fn late_once_or_without_a_bound_on_lag_changes_nothing() {
        let (load, mut governor) = governed(1000, 1000);
        for lag in [LATE, IN_TIME, LATE, IN_TIME] {
            assert_eq!(governor.observe(lag), None);
        }
        assert!(!load.is_too_much());
        let (load, mut governor) = governed(0, 0);
        (0..20_000).for_each(|_| load.begin());
        assert_eq!((governor.observe(LATE), governor.observe(LATE)), (None, None));
        assert!(!load.is_too_much());
    }

    #[test]
    fn some_requests_always_go_on() {
        let (load, mut governor) = governed(0, 1000);
        (0..2).for_each(|_| load.begin());
        for _ in 0..5 {
            governor.observe(LATE);
        }
        assert!(!load.is_too_much());
    }
}

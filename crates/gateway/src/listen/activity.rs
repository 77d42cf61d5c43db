use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::counts::Share;
use crate::settings::Limits;

/// A worker's clock for the deadlines of connections: milliseconds since its start, moved on now and then, so that
/// the way of a request needs no timers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticks {
    millis: Arc<AtomicU64>,
    /// Where the worker counts.
    counts: Option<Share>,
}

/// What a connection is doing, shared by its socket, its requests and the worker that ends the idle and the stuck.
/// All on one thread; atomics because an upgraded socket must be able to move.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<State>);

#[derive(Debug)]
struct State {
    ticks: Ticks,
    in_flight: AtomicU32,
    /// When the last request ended, or the connection began.
    idle_since: AtomicU64,
    /// When the first byte of the next head came; 0: not yet.
    head_since: AtomicU64,
    /// When a write could not go on; 0: it can.
    blocked_since: AtomicU64,
    /// Whether the next bytes are a request's head.
    expects_head: AtomicBool,
    framing_in_doubt: AtomicBool,
    /// Whether there was no request yet.
    unused: AtomicBool,
    /// Whether the client may still be sending a body.
    body_waits: AtomicBool,
}

/// A request on its way; ends with its response.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Ticks {
    /// The clock of a worker that counts here.
    pub(crate) fn counting(counts: Share) -> Self {
        Self { counts: Some(counts), ..Self::default() }
    }

    /// Moves on; never 0, which stands for "not".
    pub(crate) fn set(&self, millis: u64) {
        self.millis.store(millis.max(1), Relaxed);
    }

    fn now(&self) -> u64 {
        self.millis.load(Relaxed).max(1)
    }
}

impl Activity {
    pub(crate) fn new(ticks: &Ticks) -> Self {
        Self(Arc::new(State {
            ticks: ticks.clone(),
            in_flight: AtomicU32::new(0),
            idle_since: AtomicU64::new(ticks.now()),
            head_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(0),
            expects_head: AtomicBool::new(true),
            framing_in_doubt: AtomicBool::new(false),
            unused: AtomicBool::new(true),
            body_waits: AtomicBool::new(false),
        }))
    }

    /// A request's head is complete.
    pub(crate) fn begin(&self) -> Busy {
        self.0.in_flight.fetch_add(1, Relaxed);
        self.0.head_since.store(0, Relaxed);
        self.0.expects_head.store(false, Relaxed);
        self.0.unused.store(false, Relaxed);
        self.0.body_waits.store(false, Relaxed);
        Busy(self.clone())
    }

    /// Notes that a body comes after the head, or that it was read to its end.
    pub(crate) fn body_waits(&self, waits: bool) {
        self.0.body_waits.store(waits, Relaxed);
    }

    /// Whether a body was announced and not read to its end.
    pub(crate) fn has_waiting_body(&self) -> bool {
        self.0.body_waits.load(Relaxed)
    }

    /// Whether the head that was read last told the body's length in two ways; asks once.
    pub(crate) fn framing_in_doubt(&self) -> bool {
        self.0.framing_in_doubt.swap(false, Relaxed)
    }

    pub(crate) fn expects_head(&self) -> bool {
        self.0.expects_head.load(Relaxed)
    }

    /// Bytes came while a head is expected.
    pub(crate) fn head_moves(&self) {
        if self.0.head_since.load(Relaxed) == 0 {
            self.0.head_since.store(self.0.ticks.now(), Relaxed);
        }
    }

    /// The last byte of a head was read.
    pub(crate) fn head_read(&self, in_doubt: bool) {
        self.0.expects_head.store(false, Relaxed);
        self.0.framing_in_doubt.store(in_doubt, Relaxed);
    }

    pub(crate) fn wrote(&self, goes_on: bool) {
        if goes_on {
            self.0.blocked_since.store(0, Relaxed);
        } else if self.0.blocked_since.load(Relaxed) == 0 {
            self.0.blocked_since.store(self.0.ticks.now(), Relaxed);
        }
    }

    /// Whether no request came yet.
    pub(crate) fn is_unused(&self) -> bool {
        self.0.unused.load(Relaxed)
    }

    /// Whether no request came, nor began to come, for so long.
    pub(crate) fn is_unused_for(&self, wait: std::time::Duration) -> bool {
        let since = self.0.idle_since.load(Relaxed);
        self.is_unused()
            && self.0.head_since.load(Relaxed) == 0
            && u128::from(self.0.ticks.now().saturating_sub(since)) > wait.as_millis()
    }

    /// Whether the connection has used up the time for what it is doing.
    pub(crate) fn is_overdue(&self, limits: &Limits) -> bool {
        let now = self.0.ticks.now();
        let passed = |since: u64, limit: std::time::Duration| {
            since > 0 && u128::from(now.saturating_sub(since)) > limit.as_millis()
        };
        if passed(self.0.blocked_since.load(Relaxed), limits.send_timeout) {
            return true;
        }
        if self.0.in_flight.load(Relaxed) > 0 {
            return false;
        }
        match self.0.head_since.load(Relaxed) {
            0 => passed(self.0.idle_since.load(Relaxed), limits.idle_timeout),
            since => passed(since, limits.head_timeout),
        }
    }
}

impl Busy {
    /// Whether the request's body was not read to its end.
    pub(crate) fn has_waiting_body(&self) -> bool {
        self.0.has_waiting_body()
    }

    /// It is answered with the fault of this code.
    pub(crate) fn faulted(&self, code: &str) {
        if let Some(counts) = &self.0.0.ticks.counts {
            counts.faulted(code);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let state = &self.0.0;
        if let Some(counts) = &state.ticks.counts {
            counts.finished();
        }
        if state.in_flight.fetch_sub(1, Relaxed) == 1 {
            state.idle_since.store(state.ticks.now(), Relaxed);
            state.expects_head.store(true, Relaxed);
            state.framing_in_doubt.store(false, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> Limits {
        Limits {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            send_timeout: Duration::from_secs(5),
            ..Limits::default()
        }
    }

    fn overdue_at(activity: &Activity, millis: u64) -> bool {
        activity.0.ticks.set(millis);
        activity.is_overdue(&limits())
    }

    #[test]
    fn an_idle_connection_ends_after_the_idle_time() {
        let activity = Activity::new(&Ticks::default());
        assert!(!overdue_at(&activity, 20_000));
        assert!(overdue_at(&activity, 20_002));
    }

    #[test]
    fn a_head_that_trickles_ends_after_the_head_time_from_its_first_byte() {
        let activity = Activity::new(&Ticks::default());
        activity.0.ticks.set(15_000);
        activity.head_moves();
        activity.0.ticks.set(24_000);
        activity.head_moves();
        assert!(!overdue_at(&activity, 25_000));
        assert!(overdue_at(&activity, 25_001));
    }

    #[test]
    fn a_request_in_flight_has_no_idle_time_and_its_end_starts_it_anew() {
        let activity = Activity::new(&Ticks::default());
        let busy = activity.begin();
        assert!(!overdue_at(&activity, 1_000_000));
        drop(busy);
        assert!(!overdue_at(&activity, 1_020_000));
        assert!(overdue_at(&activity, 1_020_001));
    }

    #[test]
    fn a_client_that_takes_nothing_is_ended_even_with_a_request_in_flight() {
        let activity = Activity::new(&Ticks::default());
        let _busy = activity.begin();
        activity.wrote(false);
        assert!(!overdue_at(&activity, 5_001));
        assert!(overdue_at(&activity, 5_002));
        activity.wrote(true);
        assert!(!overdue_at(&activity, 5_002));
    }
}

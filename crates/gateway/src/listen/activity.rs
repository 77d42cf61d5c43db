use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::counts::Share;
use super::load::Load;
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
    load: Load,
    in_flight: AtomicU32,
    /// Requests that were begun.
    begun: AtomicU64,
    /// When the last request ended, or the connection began.
    idle_since: AtomicU64,
    /// When the first byte of the next head came; 0: not yet.
    head_since: AtomicU64,
    /// When a write could not go on; 0: it can.
    blocked_since: AtomicU64,
    /// Requests that the client gave up before their answer.
    given_up: AtomicU64,
    /// Whether the client may still be sending a body.
    body_waits: AtomicBool,
}

/// Milliseconds in which a connection without a request has just come.
const NEW: u64 = 1000;

/// A request on its way; ends with its response.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Activity,
    /// Whether it counts among what the worker has in hand.
    counts: bool,
}

impl Ticks {
    /// The clock of a worker that counts here.
    pub(crate) fn counting(counts: Share) -> Self {
        Self { counts: Some(counts), ..Self::default() }
    }

    /// Moves on; never 0, which stands for "not".
    pub(crate) fn set(&self, millis: u64) {
        self.millis.store(millis.max(1), Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.millis.load(Relaxed).max(1)
    }
}

impl Activity {
    pub(crate) fn new(ticks: &Ticks, load: &Load) -> Self {
        Self(Arc::new(State {
            ticks: ticks.clone(),
            load: load.clone(),
            in_flight: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            idle_since: AtomicU64::new(ticks.now()),
            head_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            body_waits: AtomicBool::new(false),
        }))
    }

    /// A request's head is complete.
    pub(crate) fn begin(&self) -> Busy {
        let state = &self.0;
        state.in_flight.fetch_add(1, Relaxed);
        state.begun.store(self.begun() + 1, Relaxed);
        state.load.begin();
        state.body_waits.store(false, Relaxed);
        Busy { activity: self.clone(), counts: true }
    }

    /// How many requests were begun.
    pub(crate) fn begun(&self) -> u64 {
        self.0.begun.load(Relaxed)
    }

    /// Notes that a body comes after the head, or that it was read to its end.
    pub(crate) fn body_waits(&self, waits: bool) {
        self.0.body_waits.store(waits, Relaxed);
    }

    /// Whether a body was announced and not read to its end.
    pub(crate) fn has_waiting_body(&self) -> bool {
        self.0.body_waits.load(Relaxed)
    }

    /// A part of the next head is there, or of what stands before it: from the first byte on there is a bound to the time for it.
    pub(crate) fn head_comes(&self) {
        if self.0.head_since.load(Relaxed) == 0 {
            self.0.head_since.store(self.0.ticks.now(), Relaxed);
        }
    }

    /// All of it is.
    pub(crate) fn head_is_there(&self) {
        self.0.head_since.store(0, Relaxed);
    }

    /// The client does not want the answer any more.
    pub(crate) fn given_up(&self) {
        self.0.given_up.store(self.0.given_up.load(Relaxed).saturating_add(1), Relaxed);
    }

    /// Whether the client gives requests up beyond measure, and for most of what it asks.
    pub(crate) fn gives_up_too_much(&self, limits: &Limits) -> bool {
        let given_up = self.0.given_up.load(Relaxed);
        let limit = u64::from(limits.max_reset_streams);
        limit > 0 && given_up > limit && given_up > self.begun() / 2
    }

    /// Whether the connection has served as many requests as one may.
    pub(crate) fn is_worn(&self, limits: &Limits) -> bool {
        self.begun() >= u64::from(limits.max_requests_per_connection)
    }

    /// Since when nothing was asked, in the worker's ticks; `None` while something is, or is on its way: a head that has begun,
    /// an answer that the client does not take, and what a connection that has just come is there for.
    pub(crate) fn idle_since(&self) -> Option<u64> {
        let state = &self.0;
        let since = state.idle_since.load(Relaxed);
        let asks = state.in_flight.load(Relaxed) > 0
            || state.head_since.load(Relaxed) > 0
            || state.blocked_since.load(Relaxed) > 0;
        let is_new = self.is_unused() && state.ticks.now().saturating_sub(since) < NEW;
        (!asks && !is_new).then_some(since)
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
        self.begun() == 0
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
        self.activity.has_waiting_body()
    }

    /// It is answered with the fault of this code.
    pub(crate) fn faulted(&self, code: &str) {
        if let Some(counts) = &self.activity.0.ticks.counts {
            counts.faulted(code);
        }
    }

    /// Nothing is left to do for it but to wait for the client: it is no part any more of what the worker has in hand, so that
    /// clients that do not read, or have a tunnel, keep nobody out.
    pub(crate) fn rests(&mut self) {
        if std::mem::replace(&mut self.counts, false) {
            self.activity.0.load.end();
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.rests();
        let state = &self.activity.0;
        if let Some(counts) = &state.ticks.counts {
            counts.finished();
        }
        if state.in_flight.fetch_sub(1, Relaxed) == 1 {
            state.idle_since.store(state.ticks.now(), Relaxed);
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

    fn activity() -> Activity {
        Activity::new(&Ticks::default(), &Load::new(&Limits::default()))
    }

    fn overdue_at(activity: &Activity, millis: u64) -> bool {
        activity.0.ticks.set(millis);
        activity.is_overdue(&limits())
    }

    #[test]
    fn an_idle_connection_ends_after_the_idle_time() {
        let activity = activity();
        assert!(!overdue_at(&activity, 20_000));
        assert!(overdue_at(&activity, 20_002));
    }

    #[test]
    fn a_head_that_trickles_ends_after_the_head_time_from_its_first_byte() {
        let activity = activity();
        activity.0.ticks.set(15_000);
        activity.head_comes();
        activity.0.ticks.set(24_000);
        activity.head_comes();
        assert!(!overdue_at(&activity, 25_000));
        assert!(overdue_at(&activity, 25_001));
    }

    #[test]
    fn a_request_in_flight_has_no_idle_time_and_its_end_starts_it_anew() {
        let activity = activity();
        let busy = activity.begin();
        assert!(!overdue_at(&activity, 1_000_000));
        drop(busy);
        assert!(!overdue_at(&activity, 1_020_000));
        assert!(overdue_at(&activity, 1_020_001));
    }

    #[test]
    fn a_head_that_is_there_has_used_up_nothing_of_the_next_ones_time() {
        let activity = activity();
        activity.head_comes();
        activity.head_is_there();
        drop(activity.begin());
        activity.0.ticks.set(9_000);
        activity.head_comes();
        assert!(!overdue_at(&activity, 19_000));
        assert!(overdue_at(&activity, 19_001));
    }

    #[test]
    fn who_does_not_take_its_answer_is_not_idle() {
        let activity = activity();
        drop(activity.begin());
        assert!(activity.idle_since().is_some());
        activity.wrote(false);
        assert_eq!(activity.idle_since(), None);
    }

    #[test]
    fn a_client_may_give_up_some_requests_and_any_number_where_most_are_taken() {
        let limits = Limits { max_reset_streams: 3, ..Limits::default() };
        let activity = activity();
        for _ in 0..3 {
            drop(activity.begin());
            activity.given_up();
        }
        assert!(!activity.gives_up_too_much(&limits));
        drop(activity.begin());
        activity.given_up();
        assert!(activity.gives_up_too_much(&limits));
        (0..4).for_each(|_| drop(activity.begin()));
        assert!(!activity.gives_up_too_much(&limits));
        assert!(!activity.gives_up_too_much(&Limits { max_reset_streams: 0, ..limits }));
    }

    #[test]
    fn a_client_that_takes_nothing_is_ended_even_with_a_request_in_flight() {
        let activity = activity();
        let _busy = activity.begin();
        activity.wrote(false);
        assert!(!overdue_at(&activity, 5_001));
        assert!(overdue_at(&activity, 5_002));
        activity.wrote(true);
        assert!(!overdue_at(&activity, 5_002));
    }
}

//! A thing that lives at a provider and is kept here: fetched when first needed, renewed in the background, kept when
//! the provider fails.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use keybound_pop::time::{Clock, UnixTime};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::fault::{Call, Cause, ProviderFault, RETRY_AFTER_FAILURE};
use crate::flight::{Flight, launch};
use crate::waits::landed;

/// How often a thing is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Age in whole seconds from which it is renewed in the background.
    pub(crate) lifetime: Duration,
    /// Least distance in whole seconds between two renewals for the same demand.
    pub(crate) rediscovery: Duration,
}

/// Why a renewal before its time is asked for. Each reason has a budget of its own, so that a stranger who uses up
/// one of them with forged tokens does not delay the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Something was not found in it: an unknown `kid`.
    Missing,
    /// Something in it did not fit: a known `kid` whose signature fails.
    Misfit,
}

/// The thing as it is now.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) value: Arc<T>,
    /// Whether this request waited for it, so that nothing newer is to be had.
    pub(crate) awaited: bool,
}

type Fetch<T> = Box<dyn Fn() -> BoxFuture<'static, Result<T, ProviderFault>> + Send + Sync>;

/// A remote thing. Cheap to clone; clones share it.
pub(crate) struct Remote<T>(Arc<Inner<T>>);

struct Inner<T> {
    call: Call,
    fetch: Fetch<T>,
    pace: Pace,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    held: ArcSwapOption<Held<T>>,
    state: Mutex<State<T>>,
}

struct Held<T> {
    value: Arc<T>,
    since: UnixTime,
}

struct State<T> {
    flight: Option<Flight<Arc<T>>>,
    failure: Option<(UnixTime, ProviderFault)>,
    missing: Option<UnixTime>,
    misfit: Option<UnixTime>,
}

impl<T> Clone for Remote<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> Remote<T> {
    /// Describes a thing; fetches nothing yet.
    pub(crate) fn new(
        call: Call,
        pace: Pace,
        clock: Arc<dyn Clock>,
        runtime: Handle,
        fetch: impl Fn() -> BoxFuture<'static, Result<T, ProviderFault>> + Send + Sync + 'static,
    ) -> Self {
        let state = State { flight: None, failure: None, missing: None, misfit: None };
        Self(Arc::new(Inner {
            call,
            fetch: Box::new(fetch),
            pace,
            clock,
            runtime,
            held: ArcSwapOption::empty(),
            state: Mutex::new(state),
        }))
    }

    /// The thing, from memory when there is one: an old one is returned at once and renewed in the background. Waits
    /// only when there is none.
    ///
    /// # Errors
    /// The fault of the fetch when there is none; for 5 seconds after a failure the same fault again, without a call.
    pub(crate) async fn current(&self) -> Result<Reading<T>, ProviderFault> {
        if let Some(held) = self.0.held.load_full() {
            if self.is_old(&held) {
                drop(self.flight(|state, now| self.renewal(state, now)));
            }
            return Ok(Reading { value: Arc::clone(&held.value), awaited: false });
        }
        match self.flight(|state, now| self.renewal(state, now)) {
            Ok(flight) => Ok(Reading { value: landed(self.0.call, flight).await?, awaited: true }),
            Err(Refused::Failed(fault)) => Err(fault),
            // It arrived between the look at the memory and the look at the flight.
            Err(Refused::TooSoon) => match self.held() {
                Some(value) => Ok(Reading { value, awaited: true }),
                None => Err(ProviderFault::new(self.0.call, Cause::Interrupted)),
            },
        }
    }

    /// The thing in memory, whatever its age.
    pub(crate) fn held(&self) -> Option<Arc<T>> {
        self.0.held.load().as_ref().map(|held| Arc::clone(&held.value))
    }

    /// When the thing in memory came.
    pub(crate) fn since(&self) -> Option<UnixTime> {
        self.0.held.load().as_ref().map(|held| held.since)
    }

    /// Whether the last fetch failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.state.lock().failure.is_some()
    }

    /// Lets go of the thing in memory: whoever needs it next waits for a new one.
    pub(crate) fn forget(&self) {
        self.0.held.store(None);
    }

    /// A newer thing than the one in memory, because of `demand`. Everybody who asks while it is fetched waits for
    /// the same fetch. `None` when this demand was served within the rediscovery time.
    ///
    /// # Errors
    /// The fault of the fetch; for 5 seconds after a failure the same fault again, without a call.
    pub(crate) async fn renewed(&self, demand: Demand) -> Result<Option<Arc<T>>, ProviderFault> {
        let rediscovery = self.0.pace.rediscovery.as_secs();
        let flight = self.flight(|state, now| {
            state.may_retry(now)?;
            let last = match demand {
                Demand::Missing => &mut state.missing,
                Demand::Misfit => &mut state.misfit,
            };
            if last.is_some_and(|last| seconds_between(last, now) < rediscovery) {
                return Err(Refused::TooSoon);
            }
            *last = Some(now);
            Ok(())
        });
        match flight {
            Ok(flight) => landed(self.0.call, flight).await.map(Some),
            Err(Refused::TooSoon) => Ok(None),
            Err(Refused::Failed(fault)) => Err(fault),
        }
    }

    /// Admits a fetch that nobody demands: there is nothing, or it is old. Looked at again under the lock, because a
    /// flight may have landed meanwhile.
    fn renewal(&self, state: &mut State<T>, now: UnixTime) -> Result<(), Refused> {
        match self.0.held.load().as_ref() {
            Some(held) if !self.is_old(held) => Err(Refused::TooSoon),
            _ => state.may_retry(now),
        }
    }

    fn is_old(&self, held: &Held<T>) -> bool {
        seconds_between(held.since, self.0.clock.now()) >= self.0.pace.lifetime.as_secs()
    }

    /// The fetch under way, or a new one when `admit` allows it.
    fn flight(
        &self,
        admit: impl FnOnce(&mut State<T>, UnixTime) -> Result<(), Refused>,
    ) -> Result<Flight<Arc<T>>, Refused> {
        let mut state = self.0.state.lock();
        if let Some(flight) = &state.flight {
            return Ok(flight.clone());
        }
        admit(&mut state, self.0.clock.now())?;
        let inner = Arc::clone(&self.0);
        let flight = launch(&self.0.runtime, self.0.call, inner.fly());
        state.flight = Some(flight.clone());
        Ok(flight)
    }
}

impl<T: Send + Sync + 'static> Inner<T> {
    /// Fetches, keeps what came, and ends the flight: in this order, so that whoever finds no flight finds the value.
    async fn fly(self: Arc<Self>) -> Result<Arc<T>, ProviderFault> {
        let landing = Landing(&self);
        let result = (self.fetch)().await.map(Arc::new);
        let now = self.clock.now();
        match &result {
            Ok(value) => {
                self.held.store(Some(Arc::new(Held { value: Arc::clone(value), since: now })));
                self.state.lock().failure = None;
            }
            Err(fault) => {
                tracing::warn!(code = fault.code(), fault = %fault, "provider call failed");
                self.state.lock().failure = Some((now, fault.clone()));
            }
        }
        drop(landing);
        result
    }
}

/// Ends a flight, also when the fetch panics: the next request starts a new one.
struct Landing<'a, T>(&'a Inner<T>);

impl<T> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        self.0.state.lock().flight = None;
    }
}

enum Refused {
    TooSoon,
    Failed(ProviderFault),
}

impl<T> State<T> {
    fn may_retry(&self, now: UnixTime) -> Result<(), Refused> {
        match &self.failure {
            Some((at, fault)) if seconds_between(*at, now) < RETRY_AFTER_FAILURE => {
                Err(Refused::Failed(fault.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// Seconds that a clock may step back without meaning.
const BACKWARD_STEP: u64 = 60;

/// Whole seconds from `earlier` to `later`. A clock that was set far back makes everything old, so that nothing waits
/// for a time that will not come.
fn seconds_between(earlier: UnixTime, later: UnixTime) -> u64 {
    let difference = later.secs().saturating_sub(earlier.secs());
    match u64::try_from(difference) {
        Ok(seconds) => seconds,
        Err(_) if difference.unsigned_abs() <= BACKWARD_STEP => 0,
        Err(_) => u64::MAX,
    }
}

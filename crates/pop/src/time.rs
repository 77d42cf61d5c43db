//! Time as a value: the verifier never asks a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A moment, as seconds and nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    secs: i64,
    nanos: u32,
}

impl UnixTime {
    /// The moment that many whole seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self { secs, nanos: 0 }
    }

    /// The moment that long after the epoch.
    #[must_use]
    pub fn from_duration(since_epoch: Duration) -> Self {
        Self {
            secs: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
            nanos: since_epoch.subsec_nanos(),
        }
    }

    /// Whole seconds since the epoch, rounded down: the unit of `iat`, `exp` and `nbf`.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.secs
    }

    /// Nanoseconds past the whole second.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// This moment moved by whole seconds; stops at the ends of the range.
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self { secs: self.secs.saturating_add(secs), nanos: self.nanos }
    }

    /// The first whole second that is not before this moment.
    #[must_use]
    pub const fn next_whole_second(self) -> Self {
        if self.nanos == 0 { self } else { Self::from_secs(self.secs.saturating_add(1)) }
    }
}

/// What tells the time to the parts around the verifier.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> UnixTime;
}

/// A clock that stands still until it is set. For tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows this second.
    #[must_use]
    pub fn at(secs: i64) -> Self {
        Self(AtomicI64::new(secs))
    }

    /// Sets the clock.
    pub fn set(&self, secs: i64) {
        self.0.store(secs, Ordering::SeqCst);
    }

    /// Moves the clock, backwards too.
    pub fn advance(&self, secs: i64) {
        self.0.fetch_add(secs, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

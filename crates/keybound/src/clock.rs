//! The one place that reads the system's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keybound_pop::time::{Clock, UnixTime};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The time since the epoch; zero before it.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    pub fn since_epoch(self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_duration(self.since_epoch())
    }
}

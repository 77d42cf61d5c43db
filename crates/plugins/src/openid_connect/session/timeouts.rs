//! How long a session lasts. Every timeout counts whole seconds; 0 means that it does not count.

use std::time::Duration;

use keybound_pop::time::UnixTime;

use super::record::{Login, SessionRecord};

/// Seconds for which a session that got a new id can still be used under the old one: requests that were under way.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// A store keeps what has no end for so long; browsers keep cookies no longer either.
const FOREVER: i64 = 400 * 86_400;
/// A session's use is written down again after so many seconds, or after a quarter of the idling timeout.
const TOUCH: i64 = 60;

/// `session_*_timeout` and `session_remember_*_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timeouts {
    pub(super) idling: i64,
    pub(super) rolling: i64,
    pub(super) absolute: i64,
    pub(super) remember_rolling: i64,
    pub(super) remember_absolute: i64,
}

/// Seconds that are left; `None` for a timeout that does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) idling: Option<i64>,
    pub(super) rolling: Option<i64>,
    pub(super) absolute: Option<i64>,
}

impl Left {
    /// Seconds until the first of them.
    pub(super) fn least(self) -> Option<i64> {
        [self.idling, self.rolling, self.absolute].into_iter().flatten().min()
    }

    fn is_over(self) -> bool {
        self.least().is_some_and(|left| left <= 0)
    }
}

impl Timeouts {
    /// What is left of a session.
    pub(super) fn left(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> Left {
        Left {
            idling: left(self.idling, record.used, now),
            rolling: left(self.rolling, record.rolled, now),
            absolute: left(self.absolute, login.begun, now),
        }
    }

    fn remembered(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> Left {
        Left {
            idling: None,
            rolling: left(self.remember_rolling, record.rolled, now),
            absolute: left(self.remember_absolute, login.begun, now),
        }
    }

    /// Whether a session is over.
    pub(super) fn is_over(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> bool {
        self.left(record, login, now).is_over()
    }

    /// Whether a remembered login is over.
    pub(super) fn is_forgotten(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> bool {
        self.remembered(record, login, now).is_over()
    }

    /// Whether it is time to write down that a session is used. Not for each request: an answer that sets a cookie cannot be kept
    /// by caches.
    pub(super) fn is_touch_due(&self, record: &SessionRecord, now: UnixTime) -> bool {
        let step = TOUCH.min(self.idling / 4);
        self.idling > 0 && now.secs() - record.used > step
    }

    /// Whether a session gets a new id: three quarters of its rolling timeout are over.
    pub(super) fn is_roll_due(&self, record: &SessionRecord, now: UnixTime) -> bool {
        is_due(self.rolling, record, now)
    }

    /// The same for a remembered login.
    pub(super) fn is_remember_due(&self, record: &SessionRecord, now: UnixTime) -> bool {
        is_due(self.remember_rolling, record, now)
    }

    /// How long a store keeps a session. One that is shared lasts as long as any of its applications may want it.
    pub(super) fn life(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> Duration {
        let all = self.left(record, login, now);
        let left = if record.logins.len() > 1 { Left { absolute: None, ..all } } else { all };
        seconds(left.least().unwrap_or(FOREVER))
    }

    /// How long a store, and a client, keep a remembered login.
    pub(super) fn remembered_life(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> Duration {
        seconds(self.remembered(record, login, now).least().unwrap_or(FOREVER))
    }

    /// Seconds for which a client that came without its session is given the one that was just begun for its token.
    pub(super) fn recent(&self) -> i64 {
        [self.idling, self.rolling, self.absolute]
            .into_iter()
            .filter(|timeout| *timeout > 0)
            .map(|timeout| timeout / 4)
            .fold(TOUCH, i64::min)
    }
}

/// A moment in the future, by the clock of another node, counts as now.
fn left(timeout: i64, since: i64, now: UnixTime) -> Option<i64> {
    (timeout > 0).then(|| timeout - now.secs().saturating_sub(since).max(0))
}

fn is_due(rolling: i64, record: &SessionRecord, now: UnixTime) -> bool {
    let age = now.secs().saturating_sub(record.rolled);
    rolling > 0 && age.saturating_mul(4) >= rolling.saturating_mul(3)
}

fn seconds(left: i64) -> Duration {
    Duration::from_secs(u64::try_from(left.clamp(1, FOREVER)).unwrap_or(1))
}

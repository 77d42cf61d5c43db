//! Names of services and targets: what stands behind them, and for how long.
//!
//! A [`Name`] is shared by every worker and every snapshot that speaks of it. Requests read what is known of it without a
//! lock; the watch asks the servers, once for all who wait, and again when the records' time is up. A request waits only
//! for the very first answer.

mod ask;
mod expiries;
mod hosts;
mod name;
mod names;

pub(crate) use self::ask::{Asker, Found};
pub(crate) use self::expiries::{Due, Expiries};
pub(crate) use self::name::{Answer, Name, Place};
pub(crate) use self::names::Names;

use std::time::Duration;

/// The shortest time that an answer counts whose records say less.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time that an answer counts.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The shortest time until a name that could not be resolved is asked for again.
const PAUSE: Duration = Duration::from_millis(100);

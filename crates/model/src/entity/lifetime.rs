//! Entities that end by themselves: `ttl` in what clients send and see, `expires_at` in what is stored.

use serde_json::{Value, json};

use super::Descriptor;
use crate::schema::integer;
use crate::{Errors, Record};

/// What clients send and see.
const TTL: &str = "ttl";
/// What is stored.
const EXPIRES_AT: &str = "expires_at";
/// The longest lifetime, in seconds.
const LONGEST: i64 = 100_000_000;

impl Descriptor {
    /// Takes the lifetime off what a client sent. `None`: it does not say; null: without end.
    pub(super) fn take_lifetime(&self, sent: &mut Record, now: i64) -> Result<Option<Value>, Errors> {
        if !self.expires {
            return Ok(None);
        }
        let Some(ttl) = sent.remove(TTL) else { return Ok(None) };
        let ttl = integer().between(0, LONGEST).process(ttl);
        let ttl = ttl.map_err(|violation| {
            let mut errors = Errors::new();
            errors.add(TTL, violation);
            errors
        })?;
        Ok(Some(match ttl.as_i64() {
            None | Some(0) => Value::Null,
            Some(seconds) => json!(now.saturating_add(seconds)),
        }))
    }

    /// Takes the end off a stored record.
    pub(super) fn take_end(&self, stored: &mut Record) -> Option<Value> {
        if self.expires { stored.remove(EXPIRES_AT) } else { None }
    }

    /// Puts the end into a record that is to be stored.
    pub(super) fn put_end(&self, record: &mut Record, end: Option<Value>) {
        if self.expires {
            record.insert(EXPIRES_AT.to_owned(), end.unwrap_or(Value::Null));
        }
    }

    /// Whether a stored record has ended by this time, in seconds since 1970. It is to be treated as gone.
    #[must_use]
    pub fn is_expired(&self, stored: &Record, now: i64) -> bool {
        self.expires && stored.get(EXPIRES_AT).and_then(Value::as_i64).is_some_and(|end| end <= now)
    }

    /// A stored record as clients see it: with the seconds that are left as `ttl`, in place of its end.
    #[must_use]
    pub fn shown(&self, mut stored: Record, now: i64) -> Record {
        if let Some(end) = self.take_end(&mut stored) {
            let left = end.as_i64().map(|end| end.saturating_sub(now).max(0));
            stored.insert(TTL.to_owned(), json!(left));
        }
        stored
    }
}

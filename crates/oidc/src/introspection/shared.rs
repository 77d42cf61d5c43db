//! Answers that nodes share.

use std::time::Duration;

use futures_util::future::BoxFuture;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value, json};

/// A memory of answers beside that of the process, which other nodes with the same configuration read and write.
///
/// It is a help and never needed: an implementation that fails, is slow or knows nothing says `None`, and the provider is
/// asked. What it gives is judged anew as if it came from the provider, so it must not give what it cannot vouch for.
pub trait SharedAnswers: Send + Sync + std::fmt::Debug {
    /// What was kept under a key.
    fn get(&self, key: [u8; 32]) -> BoxFuture<'_, Option<Vec<u8>>>;

    /// Keeps it for so long.
    fn put(&self, key: [u8; 32], value: Vec<u8>, lives: Duration) -> BoxFuture<'_, ()>;
}

/// What is kept: the claims of an answer, and how long whoever asked the provider may go by them.
pub(super) struct Entry {
    pub(super) claims: Map<String, Value>,
    /// The first second in which it is old.
    pub(super) fresh_until: i64,
}

impl Entry {
    pub(super) fn encode(claims: &Map<String, Value>, fresh_until: i64) -> Vec<u8> {
        json!({"claims": claims, "fresh_until": fresh_until}).to_string().into_bytes()
    }

    /// Reads an entry; one that is old, or none at all, is nothing.
    pub(super) fn decode(bytes: &[u8], now: UnixTime) -> Option<Self> {
        let mut entry: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let fresh_until = entry.get("fresh_until")?.as_i64().filter(|until| now.secs() < *until)?;
        match entry.remove("claims") {
            Some(Value::Object(claims)) => Some(Self { claims, fresh_until }),
            _ => None,
        }
    }
}

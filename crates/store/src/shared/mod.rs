//! State that nodes share beside the configuration: sessions and caches.

mod memory;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use crate::BoxFuture;
use crate::redis::RedisSettings;

pub use self::memory::MemoryShared;
pub use self::redis::RedisShared;

/// The store is slow or out of reach. The text names commands, addresses and reasons, never a value or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("shared store: {0}")]
pub struct SharedFault(pub String);

/// Values by key, each with an end.
///
/// Keys are at most some hundred bytes long; the caller digests what is longer. Each call is one atomic step, and takes no
/// longer than the bound that the engine was made with.
pub trait SharedStore: Send + Sync {
    /// The value, while it lives.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, SharedFault>>;

    /// Writes a value that lives for so long, in place of what was there.
    fn put<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFault>>;

    /// Writes a value unless one lives under this key; whether it did.
    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<bool, SharedFault>>;

    /// Ends a value; one that is not there is no fault.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SharedFault>>;
}

/// Makes the stores of shared values.
pub trait SharedStores: Send + Sync {
    /// The values in the memory of this process: always the same.
    fn memory(&self) -> Arc<dyn SharedStore>;

    /// The values in a Redis; it connects when they are first used.
    fn redis(&self, settings: &RedisSettings) -> Arc<dyn SharedStore>;
}

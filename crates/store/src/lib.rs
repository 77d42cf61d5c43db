//! Where Keybound keeps its configuration, and the state that requests share.
//!
//! - [`config`]: the configuration store. Engines: [`sqlite::SqliteStore`], one file; [`postgres::PostgresStore`], one database
//!   for several nodes; [`memory::MemoryStore`], a declarative file held in memory. [`sql`] is what the databases share.
//! - [`seal`]: secrets at rest.
//! - [`counters`]: how many requests there were. Engines: [`counters::MemoryCounters`], [`counters::RedisCounters`].
//! - [`shared`]: values with an end, for sessions and caches that nodes share. Engines: [`shared::MemoryShared`],
//!   [`shared::RedisShared`].
//! - [`redis`]: how a Redis is reached, for all that is kept in one.
//! - [`replay`]: the records of proofs that were used. Engines: [`replay::MemoryReplay`], [`replay::RedisReplay`].

pub mod config;
pub mod counters;
pub mod memory;
pub mod postgres;
pub mod redis;
pub mod replay;
pub mod seal;
pub mod shared;
pub mod sql;
pub mod sqlite;

use std::pin::Pin;

/// A future that a trait of this crate returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

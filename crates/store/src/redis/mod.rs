//! How a Redis (or a Valkey) is reached: one server, one behind sentinels, or a cluster.
//!
//! Equal settings share one [`RedisClient`]. A client has one connection per thread that calls, so that a call never waits
//! for another core; many calls share it. What failed is left alone for a moment, and no call takes longer than
//! [`RedisSettings::bound`].

mod client;
mod cluster;
mod fault;
mod link;
mod order;
mod script;
mod sentinel;
mod settings;
mod stream;

pub use self::client::{RedisClient, RedisClients};
pub use self::fault::RedisFault;
pub(crate) use self::order::Order;
pub(crate) use self::script::Script;
pub use self::settings::{Address, RedisSettings, RedisTls, Role, Sentinels, Server};
pub use self::stream::TlsConfigs;

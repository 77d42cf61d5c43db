//! What the black-box suites share: the built gateway as a process, an upstream that shows what it received, a provider
//! made of documents, and requests as exact bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a suite that cannot set itself up must fail at once"
)]

mod admin;
mod answer;
mod collector;
pub mod debian;
pub mod dns;
mod exposition;
mod gateway;
pub mod http2;
mod http_server;
mod postgres;
mod provider;
mod redis;
pub mod secrets;
mod stage;
mod target;
pub mod tls;
mod upstream;

pub use admin::Admin;
pub use answer::{Answer, Challenge};
pub use collector::{Call, Collector, Span};
pub use exposition::{Family, Sample, exposition};
pub use gateway::Gateway;
pub use http_server::{Reply, serve_recording, serve_text};
pub use postgres::{POSTGRES_PASSWORD, POSTGRES_USER, PostgresServer};
pub use provider::{Client, Provider, ath, now, published, unique};
pub use redis::{RedisCluster, RedisGroup, RedisServer};
pub use stage::{Request, Stage};
pub use target::{Mode, Target};
pub use upstream::{Seen, Upstream};

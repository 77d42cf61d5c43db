//! Where requests go: addresses, connections and their pools, attempts and their timeouts.

pub(crate) mod attempt;
mod connect;
mod course;
pub(crate) mod framing;
pub(crate) mod pool;
pub(crate) mod resolve;
mod target;
mod timed_io;
pub(crate) mod uri;

pub(crate) use target::{Destination, Endpoint, Upstream, UpstreamHost};

//! Where requests go: addresses, connections and their pools, attempts and their timeouts.

pub(crate) mod attempt;
pub(crate) mod connect;
mod course;
mod exchange;
pub(crate) mod framing;
pub(crate) mod http1;
pub(crate) mod pool;
pub(crate) mod rest;
mod target;
pub(crate) mod timed_io;
pub(crate) mod uri;

pub(crate) use target::{Destination, Endpoint, Origin, Upstream, UpstreamHost};

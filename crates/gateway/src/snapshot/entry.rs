use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use keybound_plugins::contract::{Chain, Scope};

use crate::upstream::Upstream;

/// A route as requests meet it.
pub(crate) struct RouteEntry {
    pub(crate) id: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) strip_path: bool,
    pub(crate) preserve_host: bool,
    /// Whether clients may take their time for bodies: they are streams.
    pub(crate) streams_bodies: bool,
    /// The answer to plain HTTP when the route takes https only.
    pub(crate) https_only: Option<StatusCode>,
    /// What the route demands when it is for gRPC.
    pub(crate) grpc: Option<GrpcRoute>,
    pub(crate) service: Option<Arc<ServiceEntry>>,
    pub(crate) chain: Chain,
    /// The same as the chain's, for access records that outlive the snapshot.
    pub(crate) scope: Arc<Scope>,
}

/// A service as requests meet it.
pub(crate) struct ServiceEntry {
    pub(crate) id: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) upstream: Upstream,
    /// The path put before the request's, escaped; at least `/`.
    pub(crate) base: Box<str>,
    pub(crate) retries: u32,
    pub(crate) connect_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) read_timeout: Duration,
}

/// A route for gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrpcRoute {
    /// Whether it takes gRPC over TLS only.
    pub(crate) secure_only: bool,
}

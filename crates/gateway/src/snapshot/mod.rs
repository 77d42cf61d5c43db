//! The configuration, compiled: what a request needs is one look-up away.

mod compiler;
mod entry;
mod fault;
mod precedence;
mod resources;
mod rules;
mod targets;
mod upstreams;

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound_model::Configuration;
use keybound_plugins::contract::PluginFactory;

pub use self::compiler::Compiler;
pub(crate) use self::entry::{GrpcRoute, RouteEntry, ServiceEntry};
pub use self::fault::CompileFault;
pub(crate) use self::resources::Described;
use self::resources::Resources;
pub(crate) use self::targets::Targets;
use crate::route::{Asked, Index};
use crate::tls::asking::Asking;
use crate::tls::names::Certificates;

/// A compiled configuration. It never changes; a new one takes its place as a whole.
pub struct Snapshot {
    pub(crate) routes: Index<RouteEntry>,
    /// What clients are shown in the handshake.
    pub(crate) certificates: Certificates,
    /// In which handshakes clients are asked for a certificate.
    pub(crate) asking: Asking,
    resources: Resources,
    pub(crate) targets: Arc<Targets>,
}

/// Where requests find the current snapshot. Each request loads it once.
pub type SharedSnapshot = Arc<ArcSwap<Snapshot>>;

impl Snapshot {
    /// Compiles a configuration under the default settings. Where there are settings, or a snapshot before, use a
    /// [`Compiler`].
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile(configuration: &Configuration, factory: &dyn PluginFactory) -> Result<Self, CompileFault> {
        Compiler::default().compile(configuration, factory)
    }

    /// A snapshot without any route: every request is answered 404.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            routes: Index::new(Vec::new()),
            certificates: Certificates::default(),
            asking: Asking::default(),
            resources: Resources::default(),
            targets: Arc::default(),
        }
    }

    /// The id of the route that a request would take, without TLS and from nowhere in particular: what tools and
    /// measurements ask.
    #[must_use]
    pub fn route_of(&self, request: &http::request::Parts, host: &str) -> Option<&str> {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let asked = Asked {
            method: &request.method,
            host,
            port: 80,
            path: request.uri.path(),
            headers: &request.headers,
            tls: false,
            sni: None,
            query: request.uri.query(),
            client_ip: nowhere.ip(),
            peer: nowhere,
            local: nowhere,
        };
        self.routes.find(&asked).map(|found| &*found.goal.id)
    }

    /// This snapshot in the place where requests look for it.
    #[must_use]
    pub fn shared(self) -> SharedSnapshot {
        Arc::new(ArcSwap::from_pointee(self))
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

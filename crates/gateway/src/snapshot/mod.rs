//! The configuration, compiled: what a request needs is one look-up away.

mod entry;
mod fault;
mod precedence;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::StatusCode;
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Service};
use keybound_plugins::contract::{Chain, Directory, PluginFactory, Scope};
use uuid::Uuid;

pub(crate) use self::entry::{RouteEntry, ServiceEntry};
pub use self::fault::CompileFault;
use self::precedence::Plugins;
use crate::head::path;
use crate::route::Index;
use crate::upstream::Upstream;

/// A compiled configuration. It never changes; a new one takes its place as a whole.
pub struct Snapshot {
    pub(crate) routes: Index<RouteEntry>,
}

/// Where requests find the current snapshot. Each request loads it once.
pub type SharedSnapshot = Arc<ArcSwap<Snapshot>>;

impl Snapshot {
    /// Compiles a configuration: a chain of plugins for each route, and the routes into an index by host and path.
    ///
    /// Routes of disabled services and disabled plugins are left out. Nothing here does I/O, so that a configuration
    /// can be tried before it is stored.
    ///
    /// # Errors
    /// [`CompileFault`] with the entity and the field; nothing is half compiled.
    pub fn compile(configuration: &Configuration, factory: &dyn PluginFactory) -> Result<Self, CompileFault> {
        let plugins = Plugins::build(&configuration.plugins, factory)?;
        let directory = Arc::new(Directory::of(configuration));
        let mut services = HashMap::new();
        for service in &configuration.services {
            services.insert(service.id, (service.enabled, Arc::new(service_entry(service)?)));
        }
        let mut routes: Vec<_> = configuration.routes.iter().collect();
        routes.sort_by_key(|route| (route.created_at, route.id));
        let mut all = Vec::new();
        for route in routes {
            let service = match route.service {
                None => None,
                Some(id) => match services.get(&id) {
                    Some((true, service)) => Some(Arc::clone(service)),
                    Some((false, _)) => continue,
                    None => {
                        return Err(CompileFault::Missing {
                            entity: rules::name_of(route),
                            field: "service",
                            wanted: format!("service {id}"),
                        });
                    }
                },
            };
            let entry = Arc::new(route_entry(route, service, &plugins, &directory)?);
            all.extend(rules::rules_of(route, &entry)?);
        }
        Ok(Self { routes: Index::new(all) })
    }

    /// A snapshot without any route: every request is answered 404.
    #[must_use]
    pub fn empty() -> Self {
        Self { routes: Index::new(Vec::new()) }
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

fn route_entry(
    route: &keybound_model::Route,
    service: Option<Arc<ServiceEntry>>,
    plugins: &Plugins<'_>,
    directory: &Arc<Directory>,
) -> Result<RouteEntry, CompileFault> {
    let (id, name) = identity(route.id, route.name.as_deref());
    let https_only = route.protocols.contains(&Protocol::Https) && !route.protocols.contains(&Protocol::Http);
    let status = StatusCode::from_u16(route.https_redirect_status_code).ok();
    let status =
        status.filter(|status| matches!(status.as_u16(), 301 | 302 | 307 | 308 | 426)).ok_or_else(|| {
            CompileFault::Unsupported {
                entity: rules::name_of(route),
                field: "https_redirect_status_code",
                reason: format!(
                    "{} is not one of 301, 302, 307, 308 and 426",
                    route.https_redirect_status_code
                ),
            }
        })?;
    let scope = Scope {
        service: service.as_ref().map(|service| (Arc::clone(&service.id), service.name.clone())),
        route: Some((Arc::clone(&id), name.clone())),
    };
    Ok(RouteEntry {
        chain: Chain::of(plugins.of(route.id, route.service), scope.clone(), Arc::clone(directory)),
        scope: Arc::new(scope),
        id,
        name,
        strip_path: route.strip_path,
        preserve_host: route.preserve_host,
        https_only: https_only.then_some(status),
        service,
    })
}

fn service_entry(service: &Service) -> Result<ServiceEntry, CompileFault> {
    let (id, name) = identity(service.id, service.name.as_deref());
    let base = service.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let upstream = Upstream::of(service).ok_or_else(|| CompileFault::Unsupported {
        entity: service
            .name
            .as_ref()
            .map_or_else(|| format!("service {id}"), |name| format!("service '{name}'")),
        field: "host",
        reason: format!("'{}' is neither a name nor an address", service.host),
    })?;
    Ok(ServiceEntry {
        id,
        name,
        upstream,
        base: path::escape(base.as_bytes()).into(),
        retries: service.retries,
        connect_timeout: service.connect_timeout,
        write_timeout: service.write_timeout,
        read_timeout: service.read_timeout,
    })
}

fn identity(id: Uuid, name: Option<&str>) -> (Arc<str>, Option<Arc<str>>) {
    (id.to_string().into(), name.map(Arc::from))
}

#[cfg(test)]
mod tests;

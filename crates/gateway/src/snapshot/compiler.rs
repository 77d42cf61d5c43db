use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use keybound_plugins::contract::{Chain, Directory, PluginFactory, Scope};
use uuid::Uuid;

use super::entry::{GrpcRoute, RouteEntry, ServiceEntry};
use super::precedence::Plugins;
use super::resources::Resources;
use super::targets::Targets;
use super::upstreams::{Balancers, Upstreams};
use super::{CompileFault, Snapshot, rules};
use crate::dns::Names;
use crate::head::path;
use crate::listen::BindFault;
use crate::route::Index;
use crate::settings::{RouterFlavor, Settings, UpstreamSettings};
use crate::tls::asking::Asking;
use crate::tls::client::ClientTls;
use crate::tls::names::Certificates;

/// Makes snapshots. One compiler makes all of a gateway's, so that what did not change lives on in the next: whose turn
/// it is among an upstream's targets, and the TLS sessions with upstreams.
#[derive(Debug)]
pub struct Compiler {
    flavor: RouterFlavor,
    tls: ClientTls,
    balancers: Balancers,
    names: Arc<Names>,
}

impl Compiler {
    /// A compiler for a gateway of these settings: its `router_flavor` and `upstream` count.
    ///
    /// # Errors
    /// [`BindFault::UpstreamRoots`] for an authority or a certificate for upstreams that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, BindFault> {
        let tls = ClientTls::new(&settings.upstream).map_err(BindFault::UpstreamRoots)?;
        let names = Arc::new(Names::new(settings.dns.clone()));
        Ok(Self { flavor: settings.router_flavor, tls, balancers: Balancers::default(), names })
    }

    /// Compiles a configuration: a chain of plugins for each route, the routes into an index by host and path, the
    /// certificates by name, the upstreams with their targets.
    ///
    /// Routes of disabled services, routes for streams alone and disabled plugins are left out. Nothing here does I/O
    /// but reading the system's authorities once, so that a configuration can be tried before it is stored.
    ///
    /// # Errors
    /// [`CompileFault`] with the entity and the field; nothing is half compiled.
    pub fn compile(
        &self,
        configuration: &Configuration,
        factory: &dyn PluginFactory,
    ) -> Result<Snapshot, CompileFault> {
        let plugins = Plugins::build(configuration, factory)?;
        let directory = Arc::new(Directory::of(configuration));
        let (certificates, shown) = Certificates::build(&configuration.certificates, &configuration.snis)?;
        let upstreams = Upstreams::of(configuration, shown, &self.tls, &self.balancers, &self.names)?;
        let mut services = HashMap::new();
        for service in &configuration.services {
            let entry = service_entry(service, &upstreams)?;
            services.insert(service.id, (service.enabled, entry.map(Arc::new)));
        }
        let mut routes: Vec<_> = configuration.routes.iter().collect();
        routes.sort_by_key(|route| (route.created_at, route.id));
        let mut all = Vec::new();
        let mut asking = Asking::new(plugins.ask_everywhere());
        let mut resources = Resources::default();
        for route in routes {
            if !route.protocols.is_empty() && !route.protocols.iter().any(|protocol| protocol.is_http()) {
                tracing::info!(route = %rules::name_of(route), "is for streams only, which are not proxied");
                continue;
            }
            let service = match route.service {
                None => None,
                Some(id) => match services.get(&id) {
                    Some((true, Some(service))) => Some(Arc::clone(service)),
                    Some((false, _)) => continue,
                    Some((true, None)) => {
                        let route = rules::name_of(route);
                        tracing::info!(%route, "leads to a service of streams, which are not proxied");
                        continue;
                    }
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
            if entry.chain.asks_for_certificate() {
                asking.add(&route.snis);
            }
            resources.add(&entry);
            all.extend(rules::rules_in(self.flavor, route, &entry)?);
        }
        let targets = Arc::new(Targets { balancers: upstreams.balancers(), names: Arc::clone(&self.names) });
        Ok(Snapshot { routes: Index::new(all), certificates, asking, resources, targets })
    }
}

impl Default for Compiler {
    /// A compiler for the default settings.
    fn default() -> Self {
        Self {
            flavor: RouterFlavor::default(),
            tls: ClientTls::without_authorities(&UpstreamSettings::default()),
            balancers: Balancers::default(),
            names: Arc::default(),
        }
    }
}

pub(super) fn route_entry(
    route: &Route,
    service: Option<Arc<ServiceEntry>>,
    plugins: &Plugins<'_>,
    directory: &Arc<Directory>,
) -> Result<RouteEntry, CompileFault> {
    let (id, name) = identity(route.id, route.name.as_deref());
    let has = |protocol| route.protocols.contains(&protocol);
    let https_only = has(Protocol::Https) && !has(Protocol::Http);
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
    let grpc = (has(Protocol::Grpc) || has(Protocol::Grpcs))
        .then(|| GrpcRoute { secure_only: !has(Protocol::Grpc) });
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
        streams_bodies: !route.request_buffering || grpc.is_some(),
        https_only: https_only.then_some(status),
        grpc,
        service,
    })
}

/// `None` for a service of streams.
fn service_entry(service: &Service, upstreams: &Upstreams<'_>) -> Result<Option<ServiceEntry>, CompileFault> {
    if !service.protocol.is_http() {
        return Ok(None);
    }
    let (id, name) = identity(service.id, service.name.as_deref());
    let base = service.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    Ok(Some(ServiceEntry {
        id,
        name,
        upstream: upstreams.of_service(service)?,
        base: path::escape(base.as_bytes()).into(),
        retries: service.retries,
        connect_timeout: service.connect_timeout,
        write_timeout: service.write_timeout,
        read_timeout: service.read_timeout,
    }))
}

fn identity(id: Uuid, name: Option<&str>) -> (Arc<str>, Option<Arc<str>>) {
    (id.to_string().into(), name.map(Arc::from))
}

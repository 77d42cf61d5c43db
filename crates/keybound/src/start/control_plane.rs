use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::serve::ListenerExt as _;
use http::header::HOST;
use http::{HeaderValue, Version};
use keybound_admin::{AdminState, KONG_VERSION, NodeInfo, Secret};
use keybound_plugins::metrics::Metrics;
use rustls::{RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::StartFault;
use super::balancers::Balancers;
use super::certificate::{self, Pair};
use super::door::Door;
use super::handover::{Heritage, Sockets};
use super::inside::Inside;
use super::log_level::ProcessLog;
use super::prefix::Prefix;
use super::providers::Providers;
use super::publication::Publication;
use super::tls::{self, ByScheme, TlsPolicy};
use super::{exposition, records};
use crate::clock::SystemClock;
use crate::logging;
use crate::settings::{Listen, ListenSet, Settings};

/// The listeners of the Admin API and of the Status API, bound and not yet serving.
pub(super) struct ControlPlane {
    admin: Vec<Door>,
    status: Vec<Door>,
    shown: Vec<(&'static Pair, Arc<ByScheme>)>,
}

impl ControlPlane {
    pub(super) fn bind(
        settings: &Settings,
        prefix: &Prefix,
        policy: &TlsPolicy,
        inherited: &mut Sockets,
    ) -> Result<Self, StartFault> {
        let authorities = client_authorities(settings)?;
        let mut shown = Vec::new();
        let mut tls = Tls { settings, prefix, policy, inherited, shown: &mut shown };
        let admin =
            tls.doors("admin_listen", &settings.admin_listen, &certificate::ADMIN, authorities.as_ref())?;
        let status = tls.doors("status_listen", &settings.status_listen, &certificate::STATUS, None)?;
        for door in admin.iter().filter(|door| !door.address().ip().is_loopback()) {
            if settings.admin_token.0.is_none() && !(door.is_tls() && authorities.is_some()) {
                tracing::warn!(
                    address = %door.address(),
                    "the Admin API is open to other machines and asks for nothing, because admin_listen_insecure is on"
                );
            }
        }
        Ok(Self { admin, status, shown })
    }

    /// The addresses of the Admin API, with the ports that the system chose for port 0, and whether each speaks TLS.
    pub(super) fn admin(&self) -> Vec<(SocketAddr, bool)> {
        self.admin.iter().map(|door| (door.address(), door.is_tls())).collect()
    }

    /// The same for the Status API.
    pub(super) fn status(&self) -> Vec<(SocketAddr, bool)> {
        self.status.iter().map(|door| (door.address(), door.is_tls())).collect()
    }

    /// The certificates of listeners with `ssl`, to be exchanged while they serve.
    pub(super) fn shown(&self) -> Vec<(&'static Pair, Arc<ByScheme>)> {
        self.shown.clone()
    }

    /// Adds the listening sockets to what another process may take over.
    pub(super) fn bequeath(&self, settings: &Settings, heritage: &mut Heritage) -> std::io::Result<()> {
        let admin = self.admin.iter().zip(&settings.admin_listen.0).map(|pair| ("admin_listen", pair));
        let status = self.status.iter().zip(&settings.status_listen.0).map(|pair| ("status_listen", pair));
        for (setting, (door, listen)) in admin.chain(status) {
            heritage.add(setting, listen.address, vec![door.socket()?]);
        }
        Ok(())
    }

    /// Serves until told to stop, the Status API until told separately; requests in flight finish.
    pub(super) async fn serve(
        self,
        state: AdminState,
        stopped: watch::Receiver<bool>,
        status_stopped: watch::Receiver<bool>,
    ) {
        let status = keybound_admin::status_router(state.clone())
            .layer(middleware::map_request(named))
            .layer(middleware::from_fn(records::status));
        let admin = keybound_admin::router(state)
            .layer(middleware::map_request(named))
            .layer(middleware::from_fn(records::admin));
        let mut servers = JoinSet::new();
        let doors = self.admin.into_iter().map(|door| (door, &admin, &stopped));
        for (door, router, stopped) in
            doors.chain(self.status.into_iter().map(|door| (door, &status, &status_stopped)))
        {
            servers.spawn(open(door, router.clone(), stopped.clone()));
        }
        while let Some(ended) = servers.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(%error, "a listener of the Admin API or of the Status API ended");
            }
        }
    }
}

async fn open(door: Door, router: Router, stopped: watch::Receiver<bool>) -> std::io::Result<()> {
    // The connection's peer comes with it only through `tap_io`.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(door.tap_io(|_| ()), service).with_graceful_shutdown(until(stopped)).await
}

/// Refuses an Admin API that other machines reach without being asked for anything, unless that was said to be meant.
pub(super) fn closed_to_strangers(settings: &Settings) -> Result<(), StartFault> {
    let certificates = !settings.admin_ssl_client_ca.0.is_empty();
    let closed = |listen: &Listen| {
        listen.address.ip().is_loopback()
            || settings.admin_token.0.is_some()
            || (listen.ssl && certificates)
            || settings.admin_listen_insecure.0
    };
    match settings.admin_listen.0.iter().find(|listen| !closed(listen)) {
        None => Ok(()),
        Some(listen) => {
            let cause = format!(
                "{} is open to other machines and would ask for nothing: set admin_token, or ssl and \
                 admin_ssl_client_ca, or say that it is meant with admin_listen_insecure = on",
                listen.address
            );
            Err(StartFault::setting(settings, "admin_listen", cause))
        }
    }
}

/// Refuses the PROXY protocol where nobody reads it.
pub(super) fn speaks_plainly(settings: &Settings) -> Result<(), StartFault> {
    for (key, set) in [("admin_listen", &settings.admin_listen), ("status_listen", &settings.status_listen)] {
        if let Some(listen) = set.0.iter().find(|listen| listen.proxy_protocol) {
            let cause = format!("{}: proxy_protocol is for proxy_listen only", listen.address);
            return Err(StartFault::setting(settings, key, cause));
        }
    }
    Ok(())
}

/// The authorities whose certificates clients of the Admin API must show; `None` when they need not.
pub(super) fn client_authorities(settings: &Settings) -> Result<Option<RootCertStore>, StartFault> {
    let fault = |cause| StartFault::setting(settings, "admin_ssl_client_ca", cause);
    let sources = &settings.admin_ssl_client_ca.0;
    if sources.is_empty() {
        return Ok(None);
    }
    if !settings.admin_listen.0.iter().any(|listen| listen.ssl) {
        return Err(fault("needs an address with ssl in admin_listen".to_owned()));
    }
    let texts = sources.iter().map(|source| source.read()).collect::<Result<Vec<_>, _>>().map_err(fault)?;
    tls::authorities(&texts).map(Some).map_err(fault)
}

/// What listeners that speak TLS are made from.
struct Tls<'a> {
    settings: &'a Settings,
    prefix: &'a Prefix,
    policy: &'a TlsPolicy,
    inherited: &'a mut Sockets,
    shown: &'a mut Vec<(&'static Pair, Arc<ByScheme>)>,
}

impl Tls<'_> {
    fn doors(
        &mut self,
        key: &'static str,
        listens: &ListenSet,
        pair: &'static Pair,
        authorities: Option<&RootCertStore>,
    ) -> Result<Vec<Door>, StartFault> {
        listens
            .0
            .iter()
            .map(|listen| {
                let tls = listen.ssl.then(|| self.speak(pair, authorities, listen.http2)).transpose()?;
                Door::bind(self.settings, key, listen, tls, self.inherited.take(key, listen.address))
            })
            .collect()
    }

    fn speak(
        &mut self,
        pair: &'static Pair,
        authorities: Option<&RootCertStore>,
        http2: bool,
    ) -> Result<Arc<ServerConfig>, StartFault> {
        let identities = pair.identities(self.settings, self.prefix)?;
        let fault = |cause| StartFault::setting(self.settings, pair.certificate, cause);
        let shown = Arc::new(ByScheme::of(&identities).map_err(fault)?);
        let config = self.policy.server(Arc::clone(&shown), authorities, http2).map_err(fault)?;
        self.shown.push((pair, shown));
        Ok(Arc::new(config))
    }
}

/// Ready once the value is true, or nobody is left to set it.
pub(super) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: the same as being told.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What the Admin API is made of.
pub(super) fn state(
    settings: &Settings,
    publication: &Arc<Publication>,
    node_id: Uuid,
    metrics: Arc<Metrics>,
) -> AdminState {
    AdminState {
        store: publication.store(),
        declarative: publication.declarative(),
        catalog: publication.catalog(),
        publisher: Arc::clone(publication) as Arc<dyn keybound_admin::Publisher>,
        now: Arc::new(|| SystemClock.since_epoch()),
        node: NodeInfo {
            node_id: node_id.to_string(),
            hostname: hostname(),
            version: KONG_VERSION.to_owned(),
            keybound_version: env!("CARGO_PKG_VERSION").to_owned(),
            configuration: Value::Object(settings.to_json()),
            pid: std::process::id(),
        },
        router_flavor: settings.router_flavor.of_entities(),
        admin_token: settings.admin_token.0.clone().map(Secret::new),
        balancers: Arc::new(Balancers(Arc::clone(publication))),
        openid_connect: Arc::new(Providers {
            plugins: publication.plugins(),
            publication: Arc::clone(publication),
        }),
        log_level: logging::control()
            .map(|control| Arc::new(ProcessLog(control)) as Arc<dyn keybound_admin::LogLevel>),
        metrics: Some(exposition::of(Arc::clone(publication), node_id, metrics)),
        inside: Some(Arc::new(Inside { publication: Arc::clone(publication) })),
    }
}

/// Gives a request over HTTP/2 the `Host` that its `:authority` is (RFC 9113 §8.3.1).
async fn named(mut request: Request) -> Request {
    if request.version() == Version::HTTP_2
        && !request.headers().contains_key(HOST)
        && let Some(authority) = request.uri().authority()
        && let Ok(value) = HeaderValue::try_from(authority.as_str())
    {
        request.headers_mut().insert(HOST, value);
    }
    request
}

/// The machine's name.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

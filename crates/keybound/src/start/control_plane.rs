use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use keybound_admin::{AdminState, KONG_VERSION, NodeInfo, Unattached};
use keybound_model::entity::RouterFlavor;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use super::StartFault;
use super::publication::Publication;
use crate::clock::SystemClock;
use crate::logging;
use crate::settings::Settings;

/// The listeners of the Admin API, bound and not yet serving.
pub(super) struct ControlPlane {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl ControlPlane {
    pub(super) async fn bind(settings: &Settings) -> Result<Self, StartFault> {
        let mut bound = Self { listeners: Vec::new(), addresses: Vec::new() };
        for listen in &settings.admin_listen.0 {
            if listen.ssl || listen.http2 {
                let cause = "the Admin API speaks HTTP/1.1 without TLS: ssl and http2 are not supported here";
                return Err(StartFault::setting(settings, "admin_listen", cause));
            }
            let fault = |cause: std::io::Error| StartFault::Listen {
                origin: settings.origin("admin_listen").clone(),
                key: "admin_listen",
                address: listen.address,
                cause: cause.to_string(),
            };
            let listener = TcpListener::bind(listen.address).await.map_err(fault)?;
            let address = listener.local_addr().map_err(fault)?;
            if !address.ip().is_loopback() {
                tracing::warn!(%address, "the Admin API is open to other machines, and asks for no credential");
            }
            bound.listeners.push(listener);
            bound.addresses.push(address);
        }
        Ok(bound)
    }

    /// The addresses, with the ports that the system chose for port 0.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until told to stop; requests in flight finish.
    pub(super) async fn serve(self, state: AdminState, stopped: watch::Receiver<bool>) {
        let router = keybound_admin::router(state).layer(middleware::from_fn(record));
        let mut servers = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let listener = listener.tap_io(|stream| {
                // Without it answers may wait for an acknowledgement; when it fails they are slower, and as good.
                let _ = stream.set_nodelay(true);
            });
            let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
            let server = axum::serve(listener, service).with_graceful_shutdown(until(stopped.clone()));
            servers.spawn(server.into_future());
        }
        while let Some(ended) = servers.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(%error, "a listener of the Admin API ended");
            }
        }
    }
}

/// Ready once the value is true, or nobody is left to set it.
pub(super) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: the same as being told.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What the Admin API is made of.
pub(super) fn state(settings: &Settings, publication: &Arc<Publication>, node_id: Uuid) -> AdminState {
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
        router_flavor: RouterFlavor::default(),
        admin_token: None,
        balancers: Arc::new(Unattached),
        openid_connect: Arc::new(Unattached),
        log_level: None,
        metrics: None,
    }
}

/// Writes one access record for each request.
async fn record(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    tracing::info!(
        target: logging::ADMIN_ACCESS,
        %method,
        path,
        status = response.status().as_u16(),
        latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peer = %peer.ip(),
    );
    response
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

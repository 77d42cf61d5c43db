use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keybound_gateway::{BindFault, Compiler, Gateway, RunFault};
use keybound_pop::time::Clock as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::StartFault;
use super::control_plane::{self, ControlPlane};
use super::prefix::Prefix;
use super::publication::Publication;
use super::source::{Declaration, Source};
use super::trust::Authorities;
use super::{certificate, cold, data_plane, registry};
use crate::clock::SystemClock;
use crate::settings::Settings;

/// How long connections of the Admin API may take to end.
const ADMIN_STOP: Duration = Duration::from_secs(5);

/// A gateway that serves.
pub struct Running {
    proxy: Vec<(SocketAddr, bool)>,
    admin: Vec<SocketAddr>,
    publication: Arc<Publication>,
    data_plane: JoinHandle<Result<(), RunFault>>,
    control_plane: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Starts it on the current runtime, which needs more than one thread. Nothing serves unless all of it can.
    ///
    /// # Errors
    /// [`StartFault`] with the place and the cause.
    pub async fn start(settings: &Settings) -> Result<Self, StartFault> {
        let started = SystemClock.now();
        let authorities = Authorities::read(settings)?;
        certificate::configured(settings)?;
        let registry = registry(&authorities, started)?;
        let declaration = Declaration::of(settings)?;
        let declared = declaration.as_ref().map(|from| from.read(&*registry)).transpose()?.flatten();

        let prefix = Prefix::open(settings)?;
        let node_id = prefix.node_id()?;
        let identity = certificate::identity(settings, &prefix)?;
        let (source, configuration) = match declaration {
            Some(from) => Source::declarative(from, declared),
            None => Source::open(&prefix).await?,
        };
        let plane = data_plane::settings(settings, identity, &authorities);
        let compiler = Compiler::new(&plane).map_err(|fault| bind_fault(settings, fault))?;
        let publication = Arc::new(Publication::new(source, registry, compiler, &configuration)?);

        cold::wait(&configuration, started).await;
        let gateway =
            Gateway::bind(plane, publication.snapshot()).map_err(|fault| bind_fault(settings, fault))?;
        let control_plane = ControlPlane::bind(settings).await?;

        let admin = control_plane.addresses().to_vec();
        let state = control_plane::state(settings, &publication, node_id);
        let proxy = gateway.local_addrs().iter().copied();
        let proxy = proxy.zip(settings.proxy_listen.0.iter().map(|listen| listen.ssl)).collect();
        let (stop, stopped) = watch::channel(false);
        let data_plane = tokio::spawn(gateway.run(control_plane::until(stopped.clone())));
        let control_plane = tokio::spawn(control_plane.serve(state, stopped));
        Ok(Self { proxy, admin, publication, data_plane, control_plane, stop })
    }

    /// The addresses of the proxy, in the order of the settings.
    pub fn proxy_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.proxy.iter().map(|(address, _)| *address)
    }

    /// The addresses of the Admin API, in the order of the settings.
    #[must_use]
    pub fn admin_addresses(&self) -> &[SocketAddr] {
        &self.admin
    }

    /// The proxy's addresses as URLs, separated by commas.
    #[must_use]
    pub fn proxy_urls(&self) -> String {
        let url =
            |(address, tls): &(SocketAddr, bool)| format!("http{}://{address}", if *tls { "s" } else { "" });
        self.proxy.iter().map(url).collect::<Vec<_>>().join(", ")
    }

    /// The Admin API's addresses as URLs, separated by commas.
    #[must_use]
    pub fn admin_urls(&self) -> String {
        self.admin.iter().map(|address| format!("http://{address}")).collect::<Vec<_>>().join(", ")
    }

    /// Reads the configuration again; the log says how it went.
    pub async fn reload(&self) {
        match self.publication.reload().await {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(cause) => {
                let cause = cause.replace('\n', "; ");
                tracing::error!(%cause, "the configuration cannot be read again: the last good one keeps serving");
            }
        }
    }

    /// Waits until the data plane ends by itself, which is a fault.
    pub async fn broke(&mut self) -> StartFault {
        let cause = match (&mut self.data_plane).await {
            Ok(Ok(())) => "it ended by itself".to_owned(),
            Ok(Err(fault)) => fault.to_string(),
            Err(error) => error.to_string(),
        };
        StartFault::System { what: "the data plane", cause }
    }

    /// Stops listening, lets the requests in flight finish, and closes the store.
    pub async fn stop(self) {
        self.publication.stopping();
        // Nobody is left to be told when everything ended by itself.
        let _ = self.stop.send(true);
        match self.data_plane.await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "the data plane ended badly"),
            Err(error) => tracing::error!(%error, "the data plane ended badly"),
        }
        if tokio::time::timeout(ADMIN_STOP, self.control_plane).await.is_err() {
            tracing::warn!("connections to the Admin API were cut");
        }
        self.publication.close().await;
    }
}

/// A fault of the data plane at the setting it comes from.
pub(super) fn bind_fault(settings: &Settings, fault: BindFault) -> StartFault {
    match fault {
        BindFault::Address { addr, cause } => StartFault::Listen {
            origin: settings.origin("proxy_listen").clone(),
            key: "proxy_listen",
            address: addr,
            cause: cause.to_string(),
        },
        BindFault::NoIdentity { .. } | BindFault::Identity(_) => {
            StartFault::setting(settings, "ssl_cert", fault.to_string())
        }
        BindFault::Tls(_) => StartFault::setting(settings, "proxy_listen", fault.to_string()),
        BindFault::UpstreamRoots(_) => {
            StartFault::setting(settings, "lua_ssl_trusted_certificate", fault.to_string())
        }
    }
}

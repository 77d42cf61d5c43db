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
use super::{client_keys, cold, configured, data_plane, plugins};
use crate::clock::SystemClock;
use crate::instance::PidFile;
use crate::settings::Settings;

/// How long connections of the Admin API may take to end.
const ADMIN_STOP: Duration = Duration::from_secs(5);

/// A gateway that serves.
pub struct Running {
    proxy: Vec<(SocketAddr, bool)>,
    admin: Vec<(SocketAddr, bool)>,
    status: Vec<(SocketAddr, bool)>,
    publication: Arc<Publication>,
    data_plane: JoinHandle<Result<(), RunFault>>,
    control_plane: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// Last, because it lets the next one into the prefix.
    _pid: PidFile,
}

impl Running {
    /// Starts it on the current runtime, which needs more than one thread. Nothing serves unless all of it can.
    ///
    /// # Errors
    /// [`StartFault`] with the place and the cause.
    pub async fn start(settings: &Settings) -> Result<Self, StartFault> {
        let started = SystemClock.now();
        let authorities = Authorities::read(settings)?;
        let policy = configured(settings)?;
        let (plugins, metrics, root) = plugins(settings, &authorities, started)?;
        let declaration = Declaration::of(settings)?;
        let declared = declaration.as_ref().map(|from| from.read(&plugins)).transpose()?.flatten();

        let prefix = Prefix::open(settings)?;
        let pid = prefix.hold().await?;
        let node_id = prefix.node_id()?;
        let identities = data_plane::identities(settings, &prefix)?;
        let (source, loaded) = match declaration {
            Some(from) => Source::declarative(from, declared),
            None => Source::open(settings, &prefix, &authorities, Arc::clone(&plugins) as _).await?,
        };
        source.share_root(&root).await?;
        let plane = data_plane::settings(settings, identities, &authorities, &policy)?;
        let compiler = Compiler::new(&plane).map_err(|fault| bind_fault(settings, fault))?;
        let publication = Arc::new(Publication::new(source, plugins, compiler, &loaded)?);

        cold::wait(&loaded.configuration, started).await;
        let gateway =
            Gateway::bind(plane, publication.snapshot()).map_err(|fault| bind_fault(settings, fault))?;
        publication.count_by(gateway.counts());
        let control_plane = ControlPlane::bind(settings, &prefix, &policy)?;

        let (admin, status) = (control_plane.admin(), control_plane.status());
        let state = control_plane::state(settings, &publication, node_id, metrics);
        let proxy = gateway.local_addrs().iter().copied();
        let proxy = proxy.zip(settings.proxy_listen.0.iter().map(|listen| listen.ssl)).collect();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Arc::clone(&publication).follow(control_plane::until(stopped.clone())));
        tokio::spawn(client_keys::keep(Arc::clone(&publication), control_plane::until(stopped.clone())));
        let data_plane = tokio::spawn(gateway.run(control_plane::until(stopped.clone())));
        let control_plane = tokio::spawn(control_plane.serve(state, stopped));
        Ok(Self { proxy, admin, status, publication, data_plane, control_plane, stop, _pid: pid })
    }

    /// The addresses of the proxy, in the order of the settings.
    pub fn proxy_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.proxy.iter().map(|(address, _)| *address)
    }

    /// The addresses of the Admin API, in the order of the settings.
    pub fn admin_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.admin.iter().map(|(address, _)| *address)
    }

    /// The proxy's addresses as URLs, separated by commas.
    #[must_use]
    pub fn proxy_urls(&self) -> String {
        urls(&self.proxy)
    }

    /// The Admin API's addresses as URLs, separated by commas.
    #[must_use]
    pub fn admin_urls(&self) -> String {
        urls(&self.admin)
    }

    /// The Status API's addresses as URLs, separated by commas.
    #[must_use]
    pub fn status_urls(&self) -> String {
        urls(&self.status)
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

fn urls(addresses: &[(SocketAddr, bool)]) -> String {
    let url =
        |(address, tls): &(SocketAddr, bool)| format!("http{}://{address}", if *tls { "s" } else { "" });
    addresses.iter().map(url).collect::<Vec<_>>().join(", ")
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

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keybound_admin::AdminState;
use keybound_gateway::{BindFault, Closing, Compiler, Gateway, RunFault};
use keybound_pop::time::{Clock as _, UnixTime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::StartFault;
use super::control_plane::{self, ControlPlane};
use super::handover::{Heir, Heritage, Inheritance, Sockets};
use super::prefix::Prefix;
use super::publication::Publication;
use super::reload::{self, ShownCertificates};
use super::source::{self, Declaration, Source};
use super::trust::Authorities;
use super::{Equipment, client_keys, cold, configured, data_plane, plugins};
use crate::clock::SystemClock;
use crate::instance::PidFile;
use crate::settings::{Settings, SettingsFault};

/// How long connections of the Admin API may take to end.
const ADMIN_STOP: Duration = Duration::from_secs(5);
/// How long the end takes at most when the data plane broke.
const AFTER_BREAK: Duration = Duration::from_secs(5);

/// A gateway that serves.
pub struct Running {
    proxy: Vec<(SocketAddr, bool)>,
    admin: Vec<(SocketAddr, bool)>,
    status: Vec<(SocketAddr, bool)>,
    publication: Arc<Publication>,
    data_plane: JoinHandle<Result<(), RunFault>>,
    control_plane: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// The Status API goes on while requests in flight finish.
    stop_status: watch::Sender<bool>,
    stop_delay: Duration,
    stop_deadline: Duration,
    /// When everything has ended at the latest, once it was told to.
    ends: Option<Instant>,
    closing: Closing,
    heritage: Heritage,
    shown: ShownCertificates,
    settings: Settings,
    /// Last, because it lets the next one into the prefix.
    pid: PidFile,
}

/// Everything that serves, built and bound, and not yet serving.
pub(super) struct Prepared {
    gateway: Gateway,
    control_plane: ControlPlane,
    state: AdminState,
    publication: Arc<Publication>,
    proxy: Vec<(SocketAddr, bool)>,
    heritage: Heritage,
    shown: ShownCertificates,
    settings: Settings,
    /// When it may serve at the earliest, where it takes the place of another process.
    opens: Option<UnixTime>,
    pid: PidFile,
}

impl Running {
    /// Starts it on the current runtime, which needs more than one thread. Nothing serves unless all of it can.
    ///
    /// # Errors
    /// [`StartFault`] with the place and the cause.
    pub async fn start(settings: &Settings) -> Result<Self, StartFault> {
        Ok(Prepared::of(settings, Inheritance::default()).await?.serve())
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

    /// Reads the configuration and the certificates of listeners again, each as a whole or not at all; the log says how it went.
    /// `written` is what the settings say now.
    pub(super) async fn reload(&self, written: Result<Settings, Vec<SettingsFault>>) {
        match self.publication.reload().await {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(cause) => {
                let cause = cause.replace('\n', "; ");
                tracing::error!(%cause, "the configuration cannot be read again: the last good one keeps serving");
            }
        }
        let written = match written {
            Ok(written) => written,
            Err(faults) => {
                for cause in faults {
                    tracing::error!(%cause, "the settings cannot be read again: those of the start hold");
                }
                self.settings.clone()
            }
        };
        match self.shown.read_again(&written) {
            Ok(()) => tracing::info!("the certificates of listeners were read again"),
            Err(cause) => tracing::error!(
                %cause,
                "the certificates of listeners cannot be read again: the last good ones are shown"
            ),
        }
        let changed = reload::changed(&self.settings, &written);
        if !changed.is_empty() {
            let settings = changed.join(", ");
            tracing::warn!(settings, "these settings changed, and count after an upgrade or a restart");
        }
    }

    /// Starts the program that stands in this one's place now, and hands everything over to it: nothing is accepted here any
    /// more afterwards. Answers the id of the new process.
    ///
    /// # Errors
    /// Why it did not take over, for the log; this one goes on.
    pub(super) async fn hand_over(&mut self, to: (&Path, &[OsString])) -> Result<u32, String> {
        let mut heir = self.heritage.offer(to, self.pid.file(), self.publication.loaded_text()).await?;
        heir.moment().await;
        heir.waits()?;
        self.publication.stopping();
        self.end_within(self.stop_deadline);
        let _ = self.stop_status.send(true);
        let closing = self.closing.clone();
        if tokio::time::timeout(ADMIN_STOP, closing.closed()).await.is_err() {
            tracing::warn!("a worker does not close its sockets; the new process takes over all the same");
        }
        // What is being written is read by the new one.
        if tokio::time::timeout(ADMIN_STOP, &mut self.control_plane).await.is_err() {
            tracing::warn!("connections to the Admin API were cut");
            self.control_plane.abort();
        }
        self.pid.leave();
        Ok(heir.go().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the new process went away at the last moment: nothing serves");
            0
        }))
    }

    /// Waits until the data plane ends by itself, which is a fault: [`Running::after_break`] ends the rest then.
    pub async fn broke(&mut self) -> StartFault {
        let cause = match (&mut self.data_plane).await {
            Ok(Ok(())) => "it ended by itself".to_owned(),
            Ok(Err(fault)) => fault.to_string(),
            Err(error) => error.to_string(),
        };
        StartFault::System { what: "the data plane", cause }
    }

    /// Says that it is not ready any more, stops listening, lets the requests in flight finish, and closes the store.
    pub async fn stop(mut self) {
        self.publication.stopping();
        if !self.stop_delay.is_zero() {
            tokio::time::sleep(self.stop_delay).await;
        }
        self.heritage = Heritage::default();
        self.end_within(self.stop_deadline);
        self.finish().await;
    }

    /// Ends the rest after the data plane broke: as at a stop, but that no request is left to finish, and that nothing is served until
    /// somebody starts it again, so that it does not take long.
    pub(super) async fn after_break(mut self) {
        self.publication.stopping();
        self.heritage = Heritage::default();
        self.end_within(self.stop_deadline.min(AFTER_BREAK));
        self.wind_up().await;
    }

    /// Tells the data plane to end, and what plugins send to log servers and collectors not to wait any more.
    fn end_within(&mut self, time: Duration) {
        let ends = Instant::now() + time;
        self.ends = Some(ends);
        // Nobody is left to be told when everything ended by itself.
        let _ = self.stop.send(true);
        self.publication.plugins().registry().deliveries().close(ends);
    }

    /// Lets the requests in flight finish, after everything was handed over, and closes the store.
    pub(super) async fn finish(mut self) {
        self.heritage = Heritage::default();
        match (&mut self.data_plane).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "the data plane ended badly"),
            Err(error) => tracing::error!(%error, "the data plane ended badly"),
        }
        self.wind_up().await;
    }

    /// What is left to do when no request is served any more: what plugins have not sent is sent, the Status API ends, and the store is
    /// closed.
    async fn wind_up(self) {
        let ends = self.ends.unwrap_or_else(|| Instant::now() + self.stop_deadline);
        self.publication.plugins().registry().deliveries().finish(ends).await;
        let _ = self.stop_status.send(true);
        if !self.control_plane.is_finished()
            && tokio::time::timeout(ADMIN_STOP, self.control_plane).await.is_err()
        {
            tracing::warn!("connections to the Admin API were cut");
        }
        self.publication.close().await;
    }
}

impl Prepared {
    /// Builds and binds everything, with what was inherited.
    pub(super) async fn of(settings: &Settings, inheritance: Inheritance) -> Result<Self, StartFault> {
        let Inheritance { mut sockets, pid, configuration, seconds } = inheritance;
        let now = SystemClock.now();
        // An heir counts from the moment of the change, which lies ahead: until then the other one takes proofs.
        let started = seconds.map_or(now, |seconds| {
            UnixTime::from_secs(now.next_whole_second().secs().saturating_add(i64::from(seconds)))
        });
        let authorities = Authorities::read(settings)?;
        let policy = configured(settings)?;
        let Equipment { plugins, metrics, root } = plugins(settings, &authorities, started)?;
        let declaration = Declaration::of(settings)?;
        let loaded_before = configuration.filter(|_| declaration.is_some());
        let came_by_config = loaded_before.is_some();
        let declared = match loaded_before {
            Some(text) => {
                let declared = source::parse(&text, "the configuration of the process before", &plugins);
                Some((text, declared.map_err(|fault| StartFault::Declarative(fault.to_string()))?))
            }
            None => declaration.as_ref().map(|from| from.read(&plugins)).transpose()?.flatten(),
        };

        let prefix = Prefix::open(settings)?;
        let pid = prefix.take_over(pid).await?;
        let node_id = prefix.node_id()?;
        let identities = data_plane::identities(settings, &prefix)?;
        let (source, loaded) = match declaration {
            Some(from) => Source::declarative(from, declared, came_by_config),
            None => Source::open(settings, &prefix, &authorities, Arc::clone(&plugins) as _).await?,
        };
        source.share_root(&root).await?;
        let plane = data_plane::settings(settings, identities, &authorities, &policy)?;
        let compiler = Compiler::new(&plane).map_err(|fault| bind_fault(settings, fault))?;
        let publication = Arc::new(Publication::new(source, plugins, compiler, &loaded)?);

        let opens = seconds.filter(|_| cold::forgets(&loaded.configuration)).map(|_| started);
        if seconds.is_none() {
            cold::wait(&loaded.configuration, started).await;
        }
        let inherited = sockets.take_all("proxy_listen", &settings.proxy_listen);
        let gateway = Gateway::bind_with(plane, publication.snapshot(), inherited)
            .map_err(|fault| bind_fault(settings, fault))?;
        publication.count_by(gateway.counts());
        let control_plane = ControlPlane::bind(settings, &prefix, &policy, &mut sockets)?;
        not_wanted(&sockets, seconds.is_some())?;

        let heritage = heritage(settings, &gateway, &control_plane).map_err(|error| StartFault::System {
            what: "the listening sockets once more",
            cause: error.to_string(),
        })?;
        let proxy = gateway.local_addrs().iter().copied();
        let proxy = proxy.zip(settings.proxy_listen.0.iter().map(|listen| listen.ssl)).collect();
        let shown =
            ShownCertificates { proxy: gateway.certificates(), control: control_plane.shown(), prefix };
        let state = control_plane::state(settings, &publication, node_id, metrics);
        Ok(Self {
            gateway,
            control_plane,
            state,
            publication,
            proxy,
            heritage,
            shown,
            settings: settings.clone(),
            opens,
            pid,
        })
    }

    /// Waits for the word of the process before, where there is one, and reads what it wrote until then.
    pub(super) async fn take_over(&mut self, heir: &Heir) -> Result<(), StartFault> {
        heir.ready(self.opens).await?;
        if let Err(fault) = self.pid.take() {
            tracing::error!(%fault, "the pid file does not name this process");
        }
        if !self.publication.is_declarative()
            && let Err(cause) = self.publication.reload().await
        {
            tracing::error!(%cause, "what was configured last cannot be put in place");
        }
        Ok(())
    }

    /// Serves.
    pub(super) fn serve(self) -> Running {
        let Self {
            gateway, control_plane, state, publication, proxy, heritage, shown, settings, pid, ..
        } = self;
        let (admin, status) = (control_plane.admin(), control_plane.status());
        let ((stop, stopped), (stop_status, status_stopped)) = (watch::channel(false), watch::channel(false));
        let closing = gateway.closing();
        tokio::spawn(Arc::clone(&publication).follow(control_plane::until(stopped.clone())));
        tokio::spawn(client_keys::keep(Arc::clone(&publication), control_plane::until(stopped.clone())));
        let data_plane = tokio::spawn(gateway.run(control_plane::until(stopped.clone())));
        let control_plane = tokio::spawn(control_plane.serve(state, stopped, status_stopped));
        let stop_delay = Duration::from_secs(u64::from(settings.stop_delay.0));
        let stop_deadline = Duration::from_secs(u64::from(settings.stop_deadline.0));
        Running {
            proxy,
            admin,
            status,
            publication,
            data_plane,
            control_plane,
            stop,
            stop_status,
            stop_delay,
            stop_deadline,
            ends: None,
            closing,
            heritage,
            shown,
            settings,
            pid,
        }
    }
}

/// Sockets that no setting names: of a process before they were for addresses that are not listened on any more; a service manager
/// that binds what nobody accepts on is a mistake.
fn not_wanted(sockets: &Sockets, heir: bool) -> Result<(), StartFault> {
    for address in sockets.left() {
        if heir {
            tracing::info!(%address, "the settings do not name this address any more: it is closed");
            continue;
        }
        return Err(StartFault::System {
            what: "a socket of the service manager (LISTEN_FDS)",
            cause: format!("{address} is named by none of proxy_listen, admin_listen, status_listen"),
        });
    }
    Ok(())
}

fn heritage(
    settings: &Settings,
    gateway: &Gateway,
    control_plane: &ControlPlane,
) -> std::io::Result<Heritage> {
    let mut heritage = Heritage::default();
    for (listen, sockets) in settings.proxy_listen.0.iter().zip(gateway.sockets()?) {
        heritage.add("proxy_listen", listen.address, sockets);
    }
    control_plane.bequeath(settings, &mut heritage)?;
    Ok(heritage)
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

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};
    use keybound_model::PluginCatalog as _;
    use keybound_plugins::contract::{Instance, LogEntry, Material, PluginFactory as _};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use uuid::Uuid;

    use super::*;
    use crate::settings::{ConfigFile, Inputs};

    fn settings(prefix: &Path, stop_deadline: &str) -> Settings {
        let flag = |name, value: &str| (name, "--test", value.to_owned());
        let flags = vec![
            flag("prefix", &prefix.display().to_string()),
            flag("proxy_listen", "127.0.0.1:0"),
            flag("admin_listen", "127.0.0.1:0"),
            flag("status_listen", "off"),
            flag("stop_deadline", stop_deadline),
        ];
        let inputs = Inputs { file: ConfigFile::None, environment: Vec::new(), flags };
        Settings::load(&inputs).unwrap()
    }

    fn entry() -> LogEntry {
        LogEntry {
            request_id: "0".repeat(32),
            latency: Duration::ZERO,
            method: Method::GET,
            path: "/a".to_owned(),
            peer: [127, 0, 0, 1].into(),
            client: [127, 0, 0, 1].into(),
            status: Some(StatusCode::OK),
            from_upstream: false,
            request_bytes: 0,
            response_bytes: 0,
            scope: None,
            consumer: None,
            credential: None,
            fault: None,
            trace: None,
            upstream: None,
            fields: None,
        }
    }

    /// Takes one call of a log server's; its body.
    async fn taken(server: &TcpListener) -> Value {
        let (mut stream, _) = server.accept().await.unwrap();
        let mut read = Vec::new();
        loop {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the call ended early");
            let text = String::from_utf8_lossy(&read);
            let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
            if let Some(body) = body {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                return body;
            }
        }
    }

    /// Breaks the data plane of a gateway while an entry waits, and ends the rest; what became of the entry: sent, given up.
    async fn broken(server: &TcpListener, stop_deadline: &str) -> (u64, u64) {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Running::start(&settings(folder.path(), stop_deadline)).await.unwrap();
        let plugins = running.publication.plugins();
        let registry = plugins.registry();
        let config = json!({
            "http_endpoint": format!("http://{}/", server.local_addr().unwrap()),
            "queue": { "max_coalescing_delay": 3600, "max_batch_size": 1000 },
        });
        let schema = &registry.plugin("http-log").unwrap().config;
        let config = schema.process(config.as_object().unwrap().clone()).unwrap();
        let (id, material) = (Uuid::from_u128(7), Material::default());
        let instance = Instance { id, name: "http-log", config: &config, material: &material };
        let plugin = registry.build(&instance).unwrap();
        plugin.log(&entry());

        running.data_plane.abort();
        let fault = running.broke().await;
        assert!(fault.to_string().contains("the data plane"), "{fault}");
        running.after_break().await;
        let figures = registry.figures().deliveries;
        let lost = figures.iter().flat_map(|of| of.lost).map(|(_, lost)| lost);
        (figures.iter().map(|of| of.sent).sum(), lost.sum())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_plugins_have_not_sent_is_sent_also_when_the_data_plane_breaks() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (body, ended) = tokio::join!(taken(&server), broken(&server, "600"));
        assert_eq!(body["request"]["method"], "GET");
        assert_eq!(ended, (1, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_nobody_takes_after_a_break_is_given_up_at_the_deadline_and_counted() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(broken(&silent, "1").await, (0, 1));
    }
}

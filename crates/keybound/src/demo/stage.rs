use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use keybound_pop::time::Clock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::DemoFault;
use super::echo::{self, Received};
use super::folder::TemporaryFolder;
use super::provider::{Credentials, Provider};
use crate::settings::{ConfigFile, Inputs, Settings};
use crate::start::Running;

/// The parts, each on its own port.
pub(super) struct Stage {
    pub(super) provider: Arc<Provider>,
    pub(super) credentials: Credentials,
    pub(super) upstream: SocketAddr,
    pub(super) received: Received,
    pub(super) proxy: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) clock: Arc<dyn Clock>,
    running: Running,
    servers: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
    _folder: TemporaryFolder,
}

impl Stage {
    /// Starts the parts.
    pub(super) async fn build(clock: Arc<dyn Clock>) -> Result<Self, DemoFault> {
        let credentials = Credentials::generate();
        let received = Received::default();
        let mut servers = Vec::new();

        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(DemoFault::start)?;
        let address = listener.local_addr().map_err(DemoFault::start)?;
        let provider = Arc::new(Provider::new(address, credentials.clone(), Arc::clone(&clock))?);
        servers.push(serve(listener, Arc::clone(&provider).router()));

        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(DemoFault::start)?;
        let upstream = listener.local_addr().map_err(DemoFault::start)?;
        servers.push(serve(listener, echo::router(received.clone())));

        let folder = TemporaryFolder::new()?;
        let settings = settings(&folder)?;
        let running = Running::start(&settings).await.map_err(DemoFault::start)?;
        let proxy = running.proxy_addresses().next().ok_or_else(|| DemoFault::start("no proxy listener"))?;
        let admin = running.admin_addresses().next().ok_or_else(|| DemoFault::start("no admin listener"))?;
        Ok(Self {
            provider,
            credentials,
            upstream,
            received,
            proxy,
            admin,
            clock,
            running,
            servers,
            _folder: folder,
        })
    }

    /// Stops the parts; the temporary folder goes with them.
    pub(super) async fn close(self) {
        self.running.stop().await;
        for (stop, task) in self.servers {
            let _ = stop.send(());
            let _ = task.await;
        }
    }
}

/// The gateway's settings as anyone would write them, but for ports and prefix.
fn settings(folder: &TemporaryFolder) -> Result<Settings, DemoFault> {
    let flag = |name, value: &str| (name, "of the demo", value.to_owned());
    let inputs = Inputs {
        file: ConfigFile::None,
        environment: Vec::new(),
        flags: vec![
            flag("prefix", &folder.path().display().to_string()),
            flag("proxy_listen", "127.0.0.1:0"),
            flag("admin_listen", "127.0.0.1:0"),
            flag("status_listen", "off"),
            flag("log_level", "error"),
            flag("proxy_access_log", "off"),
            flag("admin_access_log", "off"),
        ],
    };
    let settings = Settings::load(&inputs).map_err(|faults| {
        DemoFault::start(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    crate::logging::init(&settings).map_err(|fault| DemoFault::start(fault.to_string()))?;
    Ok(settings)
}

fn serve(listener: TcpListener, router: Router) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, service).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "a server of the demo ended");
        }
    });
    (stop, task)
}

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_admin::{AdminState, Connections, Declarative, LoadFault, NodeInfo, Publisher, Serving};
use keybound_model::Configuration;
use keybound_model::declarative::{self, Declared};
use keybound_store::BoxFuture;
use keybound_store::config::ConfigStore;
use keybound_store::memory::MemoryStore;
use keybound_store::sqlite::SqliteStore;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::catalog::catalog;
use crate::client::{Reply, send};

/// When every test begins, in seconds.
pub(crate) const START: u64 = 1_700_000_000;

/// An Admin API that listens, with its store.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) plane: Arc<Plane>,
    now: Arc<AtomicU64>,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

/// A data plane that only counts, and refuses what it is told to.
#[derive(Default)]
pub(crate) struct Plane {
    pub(crate) published: AtomicUsize,
    pub(crate) refusal: Mutex<Option<String>>,
    pub(crate) failure: Mutex<Option<String>>,
}

impl Publisher for Plane {
    fn check(&self, _configuration: &Configuration) -> Result<(), String> {
        self.refusal.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn publish(&self) -> BoxFuture<'_, Result<(), String>> {
        self.published.fetch_add(1, Ordering::SeqCst);
        let failure = self.failure.lock().unwrap().clone();
        Box::pin(async move { failure.map_or(Ok(()), Err) })
    }

    fn serving(&self) -> Serving {
        let connections = Connections { accepted: 7, active: 2, requests: 11 };
        Serving { connections: Some(connections), fault: self.failure.lock().unwrap().clone() }
    }
}

/// A declarative configuration as the binary does it, without a data plane.
struct File {
    store: Arc<MemoryStore>,
    text: Mutex<String>,
}

impl Declarative for File {
    fn load(&self, text: String) -> BoxFuture<'_, Result<Declared, LoadFault>> {
        let loaded = declarative::parse(&text, "POST /config", START as i64, &catalog());
        Box::pin(async move {
            match text.as_str() {
                "busy" => return Err(LoadFault::Busy),
                "stopping" => return Err(LoadFault::Stopping),
                "rejected" => return Err(LoadFault::Rejected("it does not compile".to_owned())),
                "failed" => return Err(LoadFault::Failed("disk".to_owned())),
                _ => {}
            }
            let declared = loaded.map_err(LoadFault::Invalid)?;
            self.store.replace(declared.records.clone(), declared.configuration.clone());
            *self.text.lock().unwrap() = text;
            Ok(declared)
        })
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn hash(&self) -> String {
        match self.text().as_str() {
            "" => "0".repeat(32),
            text => declarative::hash(text),
        }
    }
}

impl Server {
    /// With a database.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = runtime.block_on(SqliteStore::open(&folder.path().join("test.db"))).unwrap();
        Self::with(runtime, folder, Arc::new(store), None)
    }

    /// With a declarative configuration.
    pub(crate) fn declarative() -> Self {
        let store = Arc::new(MemoryStore::default());
        let file = File { store: Arc::clone(&store), text: Mutex::default() };
        Self::with(Runtime::new().unwrap(), tempfile::tempdir().unwrap(), store, Some(Arc::new(file)))
    }

    fn with(
        runtime: Runtime,
        folder: tempfile::TempDir,
        store: Arc<dyn ConfigStore>,
        declarative: Option<Arc<dyn Declarative>>,
    ) -> Self {
        let plane = Arc::new(Plane::default());
        let now = Arc::new(AtomicU64::new(START));
        let clock = Arc::clone(&now);
        let state = AdminState {
            store,
            declarative,
            catalog: Arc::new(catalog()),
            publisher: Arc::clone(&plane) as Arc<dyn Publisher>,
            now: Arc::new(move || Duration::from_secs(clock.load(Ordering::SeqCst))),
            node: NodeInfo {
                node_id: "f2b1c3d4-0000-4000-8000-000000000001".to_owned(),
                hostname: "gateway-1".to_owned(),
                version: keybound_admin::KONG_VERSION.to_owned(),
                keybound_version: "0.1.0".to_owned(),
                configuration: json!({"database": "sqlite", "router_flavor": "traditional_compatible"}),
                pid: 4242,
            },
        };
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(keybound_admin::serve(listener, keybound_admin::router(state), std::future::pending()));
        Self { address, plane, now, _runtime: runtime, _folder: folder }
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.address, method, path, headers, body)
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Reply {
        self.send(method, path, &[], b"")
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    pub(crate) fn form(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(method, path, &[("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    }

    /// Makes an entity that a test needs.
    pub(crate) fn made(&self, path: &str, body: &Value) -> Value {
        let reply = self.json("POST", path, body);
        assert_eq!(reply.status, 201, "{path} {body}: {reply:?}");
        reply.json()
    }

    /// What is left of a JSON answer: its status and its body.
    pub(crate) fn outcome(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.json(method, path, body);
        (reply.status, if reply.body.is_empty() { Value::Null } else { reply.json() })
    }
}

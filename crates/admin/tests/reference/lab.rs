//! An Admin API on a free port, and a client that sends exactly what a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keybound_admin::{
    AdminState, Declarative, KONG_VERSION, LoadFault, NodeInfo, Publisher, Serving, Unattached,
};
use keybound_model::declarative::{Declared, parse};
use keybound_model::entity::RouterFlavor;
use keybound_model::schema::{Schema, Shorthand, array, boolean, integer, map, record, set, string};
use keybound_model::{Configuration, PluginCatalog, PluginDescription};
use keybound_store::BoxFuture;
use keybound_store::config::ConfigStore;
use keybound_store::memory::MemoryStore;
use keybound_store::sqlite::SqliteStore;
use parking::Held;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The time at which every test starts.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<dyn ConfigStore>,
    pub(crate) plane: Arc<Plane>,
    clock: Arc<AtomicU64>,
    _folder: Option<tempfile::TempDir>,
    _stop: oneshot::Sender<()>,
}

/// A data plane that remembers what it was asked.
#[derive(Default)]
pub(crate) struct Plane {
    /// A configuration that names this service cannot serve.
    pub(crate) refused: Held<Option<&'static str>>,
    /// Why publishing fails.
    pub(crate) broken: Held<Option<&'static str>>,
    pub(crate) published: AtomicU64,
    /// Whether nothing serves yet.
    pub(crate) building: Held<bool>,
}

impl Publisher for Plane {
    fn check(&self, configuration: &Configuration) -> Result<(), String> {
        let refused = self.refused.get();
        match configuration
            .services
            .iter()
            .find(|service| refused.is_some() && service.name.as_deref() == refused)
        {
            Some(_) => Err(format!("service '{}' cannot serve", refused.unwrap())),
            None => Ok(()),
        }
    }

    fn publish(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            if let Some(cause) = self.broken.get() {
                return Err(cause.to_owned());
            }
            self.published.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }

    fn serving(&self) -> Serving {
        Serving { building: self.building.get(), ..Serving::default() }
    }
}

pub(crate) mod parking {
    use std::sync::Mutex;

    /// A value that a test sets and the data plane reads.
    #[derive(Default)]
    pub(crate) struct Held<T>(Mutex<T>);

    impl<T: Copy> Held<T> {
        pub(crate) fn get(&self) -> T {
            *self.0.lock().unwrap()
        }

        pub(crate) fn set(&self, value: T) {
            *self.0.lock().unwrap() = value;
        }
    }
}

struct Catalog(Vec<PluginDescription>);

impl Catalog {
    fn new() -> Self {
        let guard = Schema::new([
            ("issuer", string().required()),
            ("methods", set(string().one_of(["bearer", "session"])).default(["bearer"])),
            ("ttl", integer().default(3600)),
            ("strict", boolean().default(false)),
            ("hosts", array(string())),
            ("labels", map(string(), string())),
            (
                "redis",
                record([("host", string()), ("port", integer().between(0, 65535).default(6379))]).required(),
            ),
        ]);
        let mark = Schema::new([("header", string().default("X-Mark"))]);
        let store = Schema::new([("redis", record([("host", string()), ("port", integer())]).required())])
            .shorthand(Shorthand::renamed("redis_host", string(), "redis.host"))
            .shorthand(Shorthand::renamed("redis_port", integer(), "redis.port"));
        Self(vec![
            PluginDescription::new("guard", "1.2.3", 1050, guard).without_consumer(),
            PluginDescription::new("mark", "0.1.0", 1, mark),
            PluginDescription::new("store", "0.1.0", 2, store),
        ])
    }
}

impl PluginCatalog for Catalog {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|plugin| plugin.name).collect()
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        self.0.iter().find(|plugin| plugin.name == name)
    }
}

/// The declarative configuration of a test.
struct File {
    store: Arc<MemoryStore>,
    text: std::sync::Mutex<(String, String)>,
    plane: Arc<Plane>,
}

impl Declarative for File {
    fn load(&self, text: String) -> BoxFuture<'_, Result<Declared, LoadFault>> {
        Box::pin(async move {
            let declared = parse(&text, "config", NOW as i64, &Catalog::new()).map_err(LoadFault::Invalid)?;
            self.plane.check(&declared.configuration).map_err(LoadFault::Rejected)?;
            self.store.replace(declared.records.clone(), declared.configuration.clone());
            self.plane.publish().await.map_err(LoadFault::Failed)?;
            *self.text.lock().unwrap() = (text, declared.hash.clone());
            Ok(declared)
        })
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().0.clone()
    }

    fn hash(&self) -> String {
        self.text.lock().unwrap().1.clone()
    }
}

impl Lab {
    /// With a database.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ConfigStore> =
            Arc::new(SqliteStore::open(&folder.path().join("keybound.db")).await.unwrap());
        Self::serve(store, None, Arc::default(), Some(folder)).await
    }

    /// With a database, and with whatever else a test changes.
    pub(crate) async fn with(change: impl FnOnce(&mut AdminState)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ConfigStore> =
            Arc::new(SqliteStore::open(&folder.path().join("keybound.db")).await.unwrap());
        Self::change(store, None, Arc::default(), Some(folder), change, false).await
    }

    /// The Status API, on whatever a test makes of the state.
    pub(crate) async fn watched(change: impl FnOnce(&mut AdminState)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ConfigStore> =
            Arc::new(SqliteStore::open(&folder.path().join("keybound.db")).await.unwrap());
        Self::change(store, None, Arc::default(), Some(folder), change, true).await
    }

    /// Without one.
    pub(crate) async fn declarative() -> Self {
        let store = Arc::new(MemoryStore::default());
        let plane = Arc::new(Plane::default());
        let text = std::sync::Mutex::new((String::new(), "0".repeat(32)));
        let file = File { store: Arc::clone(&store), text, plane: Arc::clone(&plane) };
        Self::serve(store, Some(Arc::new(file)), plane, None).await
    }

    async fn serve(
        store: Arc<dyn ConfigStore>,
        declarative: Option<Arc<dyn Declarative>>,
        plane: Arc<Plane>,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        Self::change(store, declarative, plane, folder, |_| (), false).await
    }

    async fn change(
        store: Arc<dyn ConfigStore>,
        declarative: Option<Arc<dyn Declarative>>,
        plane: Arc<Plane>,
        folder: Option<tempfile::TempDir>,
        change: impl FnOnce(&mut AdminState),
        watched: bool,
    ) -> Self {
        let clock = Arc::new(AtomicU64::new(NOW));
        let reads = Arc::clone(&clock);
        let mut state = AdminState {
            store: Arc::clone(&store),
            declarative,
            catalog: Arc::new(Catalog::new()),
            publisher: Arc::<Plane>::clone(&plane),
            now: Arc::new(move || Duration::from_secs(reads.load(Ordering::SeqCst))),
            node: NodeInfo {
                node_id: "9d4a5f80-5e0c-4b39-a1a6-6a8a5a1b8f0e".to_owned(),
                hostname: "machine".to_owned(),
                version: KONG_VERSION.to_owned(),
                keybound_version: "0.1.0".to_owned(),
                configuration: json!({"database": store.database(), "router_flavor": "traditional_compatible"}),
                pid: 4242,
            },
            router_flavor: RouterFlavor::default(),
            admin_token: None,
            balancers: Arc::new(Unattached),
            openid_connect: Arc::new(Unattached),
            log_level: None,
            metrics: None,
            inside: None,
        };
        change(&mut state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router =
            if watched { keybound_admin::status_router(state) } else { keybound_admin::router(state) };
        tokio::spawn(async move {
            let _ = keybound_admin::serve(listener, router, async { drop(stopped.await) }).await;
        });
        Self { address, store, plane, clock, _folder: folder, _stop: stop }
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sends a request byte for byte and reads the whole answer.
    pub(crate) async fn raw(&self, request: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Reply::parse(&bytes)
    }

    /// Sends a request with these fields beside `Host`, `Connection` and the body's length.
    pub(crate) async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || ["POST", "PUT", "PATCH"].contains(&method) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, &[], b"").await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes()).await
    }

    pub(crate) async fn form(&self, method: &str, path: &str, body: &str) -> Reply {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.ask(method, path, &[kind], body.as_bytes()).await
    }

    /// Posts an entity that must be taken.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let reply = self.json("POST", path, body).await;
        assert_eq!(reply.status, 201, "{path}: {reply:?}");
        reply.body
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) text: String,
    /// The body as JSON, null when it is none.
    pub(crate) body: Value,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self {
            status,
            fields,
            text: body.to_owned(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The answer is exactly this.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: Value) {
        assert_eq!((self.status, &self.body), (status, &body), "{}", self.text);
    }
}

/// The id that ends in these digits.
pub(crate) fn id(number: u32) -> String {
    format!("11111111-1111-4111-8111-{number:012}")
}

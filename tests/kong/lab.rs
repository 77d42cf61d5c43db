//! The Admin API on a free port, with the plugins that there are.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_admin::{
    AdminState, Declarative, KONG_VERSION, Level, LoadFault, LogLevel, NodeInfo, Publisher, Unattached,
};
use keybound_model::declarative::{Declared, parse};
use keybound_model::entity::RouterFlavor;
use keybound_model::schema::{Schema, array, boolean, integer, map, record, set, string};
use keybound_model::{Configuration, Errors, PluginCatalog, PluginDescription, Record};
use keybound_oidc::TrustRoots;
use keybound_plugins::{CounterStores, Environment, Random, Registry, ReplayStores, RootSecret};
use keybound_pop::time::{FixedClock, UnixTime};
use keybound_store::BoxFuture;
use keybound_store::config::ConfigStore;
use keybound_store::counters::{CounterStore, MemoryCounters};
use keybound_store::memory::MemoryStore;
use keybound_store::redis::RedisSettings;
use keybound_store::replay::{MemoryReplay, RedisReplaySettings, ReplayStore};
use keybound_store::shared::{MemoryShared, SharedStore, SharedStores};
use keybound_store::sqlite::SqliteStore;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The time at which every conversation starts.
const NOW: u64 = 1_700_000_000;
/// The id of the node.
pub(crate) const NODE: &str = "9d4a5f80-5e0c-4b39-a1a6-6a8a5a1b8f0e";

pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    clock: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

impl Lab {
    /// On SQLite, or without a database.
    pub(crate) async fn start(declarative: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog: Arc<dyn PluginCatalog> = Arc::new(Catalog::new(Registry::new(environment())));
        let mut file: Option<Arc<dyn Declarative>> = None;
        let store: Arc<dyn ConfigStore> = if declarative {
            let store = Arc::new(MemoryStore::default());
            file = Some(Arc::new(File::new(Arc::clone(&store), Arc::clone(&catalog))));
            store
        } else {
            Arc::new(SqliteStore::open(&folder.path().join("keybound.db")).await.unwrap())
        };
        let clock = Arc::new(AtomicU64::new(NOW));
        let reads = Arc::clone(&clock);
        let configuration = json!({"database": store.database(), "router_flavor": "traditional_compatible"});
        let state = AdminState {
            store,
            declarative: file,
            catalog,
            publisher: Arc::new(Plane),
            now: Arc::new(move || Duration::from_secs(reads.load(Ordering::SeqCst))),
            node: NodeInfo {
                node_id: NODE.to_owned(),
                hostname: "machine".to_owned(),
                version: KONG_VERSION.to_owned(),
                keybound_version: "0.1.0".to_owned(),
                configuration,
                pid: 4242,
            },
            router_flavor: RouterFlavor::default(),
            admin_token: None,
            balancers: Arc::new(Unattached),
            openid_connect: Arc::new(Unattached),
            log_level: Some(Arc::new(Log(Mutex::new(Level::Notice)))),
            metrics: Some(Arc::new(|_| "keybound_up 1\n".to_owned())),
            inside: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = keybound_admin::router(state);
        tokio::spawn(keybound_admin::serve(listener, router, async { drop(stopped.await) }));
        Self { address, clock, _folder: folder, _stop: stop }
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// `openid-connect` as it is, and three plugins made to show how plugins are configured.
struct Catalog {
    registry: Registry,
    made: [PluginDescription; 3],
}

impl Catalog {
    fn new(registry: Registry) -> Self {
        let guard = Schema::new([
            ("issuer", string().required()),
            ("auth_methods", set(string().one_of(["bearer", "session"])).default(["bearer"])),
            ("scopes", array(string()).default(["openid"])),
            ("leeway", integer().default(0)),
            ("ssl_verify", boolean().default(true)),
            ("labels", map(string(), string())),
            (
                "redis",
                record([("host", string()), ("port", integer().between(0, 65535).default(6379))]).required(),
            ),
        ]);
        let mark = Schema::new([("header", string().default("X-Mark"))]);
        let trust = Schema::new([("ca_certificates", array(string().uuid()))]);
        let made = [
            PluginDescription::new("guard", "1.2.3", 1050, guard).without_consumer(),
            PluginDescription::new("mark", "0.1.0", 1, mark),
            PluginDescription::new("trust", "0.1.0", 2, trust),
        ];
        Self { registry, made }
    }
}

impl PluginCatalog for Catalog {
    fn names(&self) -> Vec<&str> {
        vec!["guard", "mark", "openid-connect", "trust"]
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        let made = self.made.iter().find(|plugin| plugin.name == name);
        made.or_else(|| self.registry.plugin(name).filter(|_| name == "openid-connect"))
    }

    fn check(&self, name: &str, config: &Record) -> Result<(), Errors> {
        self.registry.check(name, config)
    }
}

fn environment() -> Environment {
    let now = i64::try_from(NOW).unwrap();
    Environment {
        tracing: keybound_plugins::Tracing::default(),
        clock: Arc::new(FixedClock::at(now)),
        random: Arc::new(Zeros),
        runtime: tokio::runtime::Handle::current(),
        roots: TrustRoots::empty(),
        replay: Arc::new(Memory),
        shared: Arc::new(Memory),
        counters: Arc::new(Memory),
        metrics: Arc::default(),
        deliveries: Arc::default(),
        root: Arc::new(RootSecret::new([0; 32], false)),
        started_at: UnixTime::from_secs(now),
    }
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

struct Memory;

impl SharedStores for Memory {
    fn memory(&self) -> Arc<dyn SharedStore> {
        Arc::new(MemoryShared::new(1000, 1_000_000))
    }

    fn redis(&self, _settings: &RedisSettings) -> Arc<dyn SharedStore> {
        SharedStores::memory(self)
    }
}

impl CounterStores for Memory {
    fn memory(&self) -> Arc<dyn CounterStore> {
        Arc::new(MemoryCounters::new(10))
    }

    fn redis(&self, _settings: &RedisSettings) -> Arc<dyn CounterStore> {
        CounterStores::memory(self)
    }
}

impl ReplayStores for Memory {
    fn memory(&self, most: u64, most_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(most, most_per_key))
    }

    fn redis(&self, _redis: &RedisSettings, _settings: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        ReplayStores::memory(self, 1000, 1000)
    }
}

/// A data plane that serves whatever it is given.
struct Plane;

impl Publisher for Plane {
    fn check(&self, _configuration: &Configuration) -> Result<(), String> {
        Ok(())
    }

    fn publish(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Log(Mutex<Level>);

impl LogLevel for Log {
    fn get(&self) -> Level {
        *self.0.lock().unwrap()
    }

    fn set(&self, level: Level, _time: Duration) -> Result<(), String> {
        *self.0.lock().unwrap() = level;
        Ok(())
    }
}

/// The configuration of a process without a database.
struct File {
    store: Arc<MemoryStore>,
    catalog: Arc<dyn PluginCatalog>,
    held: Mutex<(String, String)>,
}

impl File {
    fn new(store: Arc<MemoryStore>, catalog: Arc<dyn PluginCatalog>) -> Self {
        Self { store, catalog, held: Mutex::new((String::new(), "0".repeat(32))) }
    }
}

impl Declarative for File {
    fn load(&self, text: String) -> BoxFuture<'_, Result<Declared, LoadFault>> {
        let now = i64::try_from(NOW).unwrap();
        let declared = parse(&text, "config", now, self.catalog.as_ref()).map_err(LoadFault::Invalid);
        if let Ok(declared) = &declared {
            self.store.replace(declared.records.clone(), declared.configuration.clone());
            *self.held.lock().unwrap() = (text, declared.hash.clone());
        }
        Box::pin(std::future::ready(declared))
    }

    fn text(&self) -> String {
        self.held.lock().unwrap().0.clone()
    }

    fn hash(&self) -> String {
        self.held.lock().unwrap().1.clone()
    }
}

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keybound_admin::{AdminState, NodeInfo, Publisher};
use keybound_model::Configuration;
use keybound_store::BoxFuture;
use keybound_store::sqlite::SqliteStore;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::catalog::catalog;
use crate::client::{Reply, send};

/// An Admin API that listens, with its store.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
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

impl Server {
    /// With a database.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = runtime.block_on(SqliteStore::open(&folder.path().join("test.db"))).unwrap();
        let state = AdminState {
            store: Arc::new(store),
            declarative: None,
            catalog: Arc::new(catalog()),
            publisher: Arc::new(Plane),
            now: Arc::new(|| Duration::from_secs(1_700_000_000)),
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
        Self { address, _runtime: runtime, _folder: folder }
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

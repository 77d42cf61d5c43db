use std::sync::Arc;

use keybound_admin::{AdminState, Secret};
use keybound_model::Record;
use keybound_model::entity::Descriptor;
use keybound_store::BoxFuture;
use keybound_store::config::{Change, Check, ConfigStore, Key, Page, Query, StoreFault, Versioned};
use serde_json::json;

use crate::lab::Lab;

/// A store that fails.
struct Broken;

impl Broken {
    fn fault<T: Send + 'static>() -> BoxFuture<'static, Result<T, StoreFault>> {
        Box::pin(std::future::ready(Err(StoreFault::Engine("the disk is on fire".to_owned()))))
    }
}

impl ConfigStore for Broken {
    fn database(&self) -> &'static str {
        "sqlite"
    }

    fn writable(&self) -> bool {
        true
    }

    fn find<'a>(
        &'a self,
        _entity: &'static Descriptor,
        _key: &'a Key,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreFault>> {
        Self::fault()
    }

    fn list<'a>(
        &'a self,
        _entity: &'static Descriptor,
        _query: &'a Query,
    ) -> BoxFuture<'a, Result<Page, StoreFault>> {
        Self::fault()
    }

    fn apply<'a>(
        &'a self,
        _changes: Vec<Change>,
        _check: Check<'a>,
    ) -> BoxFuture<'a, Result<u64, StoreFault>> {
        Self::fault()
    }

    fn load(&self) -> BoxFuture<'_, Result<Versioned, StoreFault>> {
        Self::fault()
    }
}

fn broken(state: &mut AdminState) {
    state.store = Arc::new(Broken);
}

#[tokio::test]
async fn only_the_paths_of_a_watcher_are_there() {
    let lab = Lab::watched(|state| state.metrics = Some(Arc::new(|_| "keybound_up 1\n".to_owned()))).await;
    lab.get("/status/ready").await.is(200, json!({"message": "ready"}));
    assert_eq!(lab.get("/status").await.body["database"], json!({"reachable": true}));
    let metrics = lab.get("/metrics").await;
    assert_eq!((metrics.status, metrics.text.as_str()), (200, "keybound_up 1\n"));
    assert_eq!(metrics.field("content-type"), Some("text/plain; version=0.0.4; charset=UTF-8"));
    for path in ["/", "/services", "/config", "/schemas/services"] {
        lab.get(path).await.is(404, json!({"message": "Not found"}));
    }
    lab.json("POST", "/status", json!({})).await.is(405, json!({"message": "Method not allowed"}));
}

#[tokio::test]
async fn a_watcher_comes_by_any_name_and_without_a_token() {
    let lab = Lab::watched(|state| state.admin_token = Some(Secret::new("open sesame"))).await;
    let reply = lab.ask("GET", "/status/ready", &[("Host", "keybound.monitoring.svc")], b"").await;
    reply.is(200, json!({"message": "ready"}));
    let page = [("Host", "localhost"), ("Origin", "https://evil.example")];
    assert_eq!(lab.ask("POST", "/status/ready?status=draining", &page, b"").await.status, 403);
    lab.get("/status/ready").await.is(200, json!({"message": "ready"}));
}

#[tokio::test]
async fn a_node_that_does_not_serve_says_why() {
    let lab = Lab::watched(|_| ()).await;
    lab.plane.building.set(true);
    lab.get("/status/ready").await.is(503, json!({"message": "router builds not yet complete"}));
    lab.plane.building.set(false);
    lab.get("/status/ready").await.is(200, json!({"message": "ready"}));
    let lab = Lab::watched(broken).await;
    lab.get("/status/ready").await.is(503, json!({"message": "failed to connect to database"}));
    assert_eq!(lab.get("/status").await.body["database"], json!({"reachable": false}));
    assert_eq!(lab.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn a_node_that_is_drained_is_not_ready_any_more() {
    let lab = Lab::watched(|_| ()).await;
    let refused = json!({"message": "the only status that can be set is draining"});
    lab.json("POST", "/status/ready", json!({"status": "ready"})).await.is(400, refused);
    assert_eq!(lab.json("POST", "/status/ready", json!({"status": "draining"})).await.status, 204);
    lab.get("/status/ready").await.is(503, json!({"message": "draining"}));
}

#[tokio::test]
async fn what_is_wrong_with_a_store_is_not_told() {
    let lab = Lab::with(broken).await;
    for path in ["/services", "/services/a", "/", "/tags"] {
        lab.get(path).await.is(500, json!({"message": "An unexpected error occurred"}));
    }
    let reply = lab.json("POST", "/services", json!({"host": "h"})).await;
    reply.is(500, json!({"message": "An unexpected error occurred"}));
}

//! Introspection answers that nodes share: asked for once, bound on every request, and never needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_model::PluginCatalog;
use keybound_oidc::TrustRoots;
use keybound_plugins::contract::{Chain, Instance, Material, PluginFactory};
use keybound_plugins::{CounterStores, Environment, Random, Registry, ReplayStores, RootSecret};
use keybound_pop::time::{FixedClock, UnixTime};
use keybound_store::BoxFuture;
use keybound_store::counters::{CounterStore, MemoryCounters};
use keybound_store::redis::RedisSettings;
use keybound_store::replay::{MemoryReplay, RedisReplaySettings, ReplayStore};
use keybound_store::shared::{MemoryShared, SharedFault, SharedStore, SharedStores};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Call, Client, NOW, Outcome, Provider, URL, config, merged, scope};

/// What stands for the Redis of all nodes.
struct Redis {
    held: MemoryShared,
    gone: AtomicBool,
    written: Mutex<Vec<(String, Vec<u8>, Duration)>>,
}

impl Redis {
    fn start() -> Arc<Self> {
        Arc::new(Self {
            held: MemoryShared::new(1000, 1_000_000),
            gone: AtomicBool::new(false),
            written: Mutex::default(),
        })
    }

    fn reached(&self) -> Result<(), SharedFault> {
        if self.gone.load(Ordering::SeqCst) { Err(SharedFault("gone".to_owned())) } else { Ok(()) }
    }
}

impl SharedStore for Redis {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, SharedFault>> {
        Box::pin(async move {
            self.reached()?;
            self.held.get(key).await
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFault>> {
        Box::pin(async move {
            self.reached()?;
            self.written.lock().unwrap().push((key.to_owned(), value.to_vec(), lives));
            self.held.put(key, value, lives).await
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<bool, SharedFault>> {
        self.held.put_if_absent(key, value, lives)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SharedFault>> {
        self.held.delete(key)
    }
}

/// What a node has of its own.
struct Own(Arc<Redis>);

impl SharedStores for Own {
    fn memory(&self) -> Arc<dyn SharedStore> {
        Arc::new(MemoryShared::new(1000, 1_000_000))
    }

    fn redis(&self, _: &RedisSettings) -> Arc<dyn SharedStore> {
        Arc::clone(&self.0) as Arc<dyn SharedStore>
    }
}

impl ReplayStores for Own {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(max_entries, max_entries_per_key))
    }

    fn redis(&self, _: &RedisSettings, _: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        ReplayStores::memory(self, 1000, 1000)
    }
}

impl CounterStores for Own {
    fn memory(&self) -> Arc<dyn CounterStore> {
        Arc::new(MemoryCounters::new(10))
    }

    fn redis(&self, _: &RedisSettings) -> Arc<dyn CounterStore> {
        CounterStores::memory(self)
    }
}

impl Random for Own {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A node: a chain of its own, with the provider and the Redis of all.
fn node(provider: &Provider, redis: &Arc<Redis>, changes: Value) -> Chain {
    let own = || Arc::new(Own(Arc::clone(redis)));
    let registry = Registry::new(Environment {
        tracing: keybound_plugins::Tracing::default(),
        clock: Arc::new(FixedClock::at(NOW)),
        random: own(),
        runtime: tokio::runtime::Handle::current(),
        roots: TrustRoots::empty(),
        replay: own(),
        shared: own(),
        counters: own(),
        metrics: Arc::default(),
        deliveries: Arc::default(),
        root: Arc::new(RootSecret::new([9; 32], true)),
        started_at: UnixTime::from_secs(NOW - 10),
    });
    registry.booted();
    let shared = json!({
        "proof_of_possession_dpop": "strict",
        "cluster_cache_strategy": "redis",
        "cluster_cache_redis": {"host": "redis.test"},
        "cache_ttl_max": 60,
    });
    let given = config(provider, Value::Object(merged(shared, changes)));
    let schema = &registry.plugin("openid-connect").unwrap().config;
    let complete = schema.process(given.as_object().unwrap().clone()).unwrap();
    let instance = Instance {
        id: Uuid::from_u128(1),
        name: "openid-connect",
        config: &complete,
        material: &Material::default(),
    };
    Chain::new(vec![registry.build(&instance).unwrap()], scope())
}

async fn send(node: &Chain, client: &Client) -> Outcome {
    let call =
        Call::get(URL).header("authorization", "DPoP opaque").header("dpop", &client.proof(NOW, "opaque"));
    call.through(node).await
}

async fn started(client: &Client) -> (Provider, Arc<Redis>) {
    let provider = Provider::start().await;
    let answer = json!({"active": true, "sub": "john", "cnf": {"jkt": client.jkt()}});
    provider.answer("opaque", Answer::Json(answer));
    (provider, Redis::start())
}

#[tokio::test]
async fn one_node_asks_and_the_binding_is_still_checked_on_every_node() {
    let client = Client::new();
    let (provider, redis) = started(&client).await;
    let (one, two) = (node(&provider, &redis, json!({})), node(&provider, &redis, json!({})));
    send(&one, &client).await.passed();
    send(&two, &client).await.passed();
    assert_eq!(provider.calls("/introspect"), 1);
    send(&two, &Client::new()).await.refused().is_dpop("proof_key_mismatch", "invalid_token");

    let written = redis.written.lock().unwrap();
    let [(name, value, lives)] = written.as_slice() else { panic!("{} entries", written.len()) };
    assert_eq!(*lives, Duration::from_secs(60));
    assert!(!name.contains("opaque"));
    for secret in ["opaque", "john", &client.jkt()] {
        assert!(!value.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn without_the_redis_every_node_asks_and_nobody_is_refused() {
    let client = Client::new();
    let (provider, redis) = started(&client).await;
    redis.gone.store(true, Ordering::SeqCst);
    for calls in 1..=2 {
        send(&node(&provider, &redis, json!({})), &client).await.passed();
        assert_eq!(provider.calls("/introspect"), calls);
    }
    // Nor is anybody accepted whom the provider does not know.
    provider.answer("opaque", Answer::Json(json!({"active": false})));
    let refused = send(&node(&provider, &redis, json!({})), &client).await.refused();
    refused.is_dpop("token_inactive", "invalid_token");
}

#[tokio::test]
async fn instances_that_ask_differently_do_not_share() {
    let client = Client::new();
    let (provider, redis) = started(&client).await;
    for (calls, changes) in [
        json!({}),
        json!({"client_id": ["other"]}),
        json!({"introspection_hint": "other"}),
        json!({"cluster_cache_strategy": "off"}),
        json!({"cluster_cache_items": []}),
    ]
    .into_iter()
    .enumerate()
    {
        send(&node(&provider, &redis, changes), &client).await.passed();
        assert_eq!(provider.calls("/introspect"), calls + 1);
    }
}

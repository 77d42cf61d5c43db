//! A gate with one plugin instance, a provider and a client, all in this process, with a clock that stands still.

mod call;
mod company;
mod provider;
mod shelves;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use keybound_model::PluginCatalog;
use keybound_oidc::TrustRoots;
use keybound_plugins::contract::{Chain, Instance, Material, Plugin, PluginFactory, Scope};
use keybound_plugins::metrics::{Figures, Metrics, Node, render};
use keybound_plugins::{CounterStores, Environment, Random, Registry, ReplayStores, RootSecret};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::{ProofClaims, SigningKey, jws, proof};
use keybound_pop::thumbprint::token_hash;
use keybound_pop::time::{FixedClock, UnixTime};
use keybound_store::counters::{CounterStore, MemoryCounters};
use keybound_store::redis::{RedisClients, RedisSettings, TlsConfigs};
use keybound_store::replay::{MemoryReplay, RedisReplay, RedisReplaySettings, ReplayStore};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use call::{Call, Cookies, Outcome, Passed, Refused};
pub(crate) use company::{Company, JOHN, NOBODY};
pub(crate) use provider::{Answer, Provider, merged};
pub(crate) use shelves::Shelves;

/// Where the clock stands at first.
pub(crate) const NOW: i64 = 1_800_000_000;
/// The URL of every request, unless a call says otherwise.
pub(crate) const URL: &str = "http://gateway.example/things";

/// A gate: the chain of one route with `openid-connect`.
pub(crate) struct Gate {
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) chain: Chain,
    pub(crate) shelves: Shelves,
    metrics: Arc<Metrics>,
    id: Uuid,
    stores: Arc<Memory>,
}

struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.iter_mut().zip(seed..=u8::MAX).for_each(|(to, from)| *to = from);
    }
}

/// Stores of this process, and the last memory of used proofs that was made.
#[derive(Default)]
struct Memory(Mutex<Option<Arc<dyn ReplayStore>>>);

impl ReplayStores for Memory {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        let store: Arc<dyn ReplayStore> = Arc::new(MemoryReplay::new(max_entries, max_entries_per_key));
        *self.0.lock().unwrap() = Some(Arc::clone(&store));
        store
    }

    fn redis(&self, redis: &RedisSettings, settings: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        let config = |verify| Arc::new(TrustRoots::empty().client_config(verify).unwrap());
        let clients = RedisClients::new(TlsConfigs { verified: config(true), unverified: config(false) });
        Arc::new(RedisReplay::new(clients.client(redis), settings))
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

pub(crate) fn scope() -> Scope {
    Scope { service: None, route: Some(("route-1".into(), None)) }
}

impl Gate {
    /// A gate whose instance was made while the gateway ran, with these fields beside issuer and client.
    pub(crate) async fn with(config: Value) -> Self {
        Self::started(config, None).await
    }

    /// A strict gate.
    pub(crate) async fn strict() -> Self {
        Self::with(json!({"proof_of_possession_dpop": "strict"})).await
    }

    /// A gate whose process started at this moment with the instance in its configuration, if one is given.
    pub(crate) async fn started(config: Value, at: Option<UnixTime>) -> Self {
        Self::made(config, at, false, None).await
    }

    /// A strict gate with a budget of its own for proofs by keys that are dear to check.
    pub(crate) async fn strict_with_work(limit: u32) -> Self {
        Self::made(json!({"proof_of_possession_dpop": "strict"}), None, false, Some(limit)).await
    }

    /// A gate of a node whose configuration store, and so whose root secret, others share.
    pub(crate) async fn sharing(config: Value, at: Option<UnixTime>) -> Self {
        Self::made(config, at, true, None).await
    }

    async fn made(config: Value, at: Option<UnixTime>, shared: bool, work: Option<u32>) -> Self {
        let stores = Arc::new(Memory::default());
        let provider = Provider::start().await;
        let clock = Arc::new(FixedClock::at(NOW));
        let shelves = Shelves::default();
        let metrics = Arc::<Metrics>::default();
        let registry = Registry::new(Environment {
            tracing: keybound_plugins::Tracing::default(),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(Counting(AtomicU8::new(1))),
            runtime: tokio::runtime::Handle::current(),
            roots: TrustRoots::empty(),
            replay: Arc::clone(&stores) as _,
            shared: Arc::new(shelves.clone()),
            counters: Arc::clone(&stores) as _,
            metrics: Arc::clone(&metrics),
            deliveries: Arc::default(),
            root: Arc::new(RootSecret::new([0; 32], shared)),
            started_at: at.unwrap_or(UnixTime::from_secs(NOW - 10)),
        });
        let registry = Arc::new(match work {
            Some(limit) => registry.with_proof_work(limit),
            None => registry,
        });
        if at.is_none() {
            registry.booted();
        }
        let id = Uuid::from_u128(1);
        let chain = Chain::new(vec![built(&registry, &provider, id, config)], scope());
        Self { provider, clock, registry, chain, shelves, metrics, id, stores }
    }

    /// How many used proofs the memory holds.
    pub(crate) fn remembered(&self) -> u64 {
        self.stores.0.lock().unwrap().as_ref().map_or(0, |store| store.live())
    }

    /// Builds the instance again with other fields.
    pub(crate) fn reconfigure(&mut self, config: Value) {
        self.chain = Chain::new(vec![built(&self.registry, &self.provider, self.id, config)], scope());
    }

    /// What was counted so far of decisions: the sample lines.
    pub(crate) fn counted(&self) -> Vec<String> {
        let node = Node {
            id: "n",
            version: "v",
            datastore_reachable: true,
            connections: None,
            requests: None,
            targets: &[],
        };
        let text = render(&self.metrics, &node, &Figures::default(), |_| ());
        text.lines().filter(|line| line.starts_with("keybound_binding_")).map(str::to_owned).collect()
    }

    pub(crate) fn now(&self) -> i64 {
        use keybound_pop::time::Clock;
        self.clock.now().secs()
    }

    /// A token bound to this client's key.
    pub(crate) fn bound(&self, client: &Client) -> String {
        self.bound_with(client, json!({}))
    }

    pub(crate) fn bound_with(&self, client: &Client, claims: Value) -> String {
        let cnf = json!({"cnf": {"jkt": client.jkt()}});
        self.provider.token(self.now(), Value::Object(merged(cnf, claims)))
    }

    /// A token bound to nothing.
    pub(crate) fn bearer(&self) -> String {
        self.provider.token(self.now(), json!({}))
    }

    /// A good DPoP request of this client.
    pub(crate) fn dpop(&self, client: &Client, token: &str) -> Call {
        Call::get(URL)
            .header("authorization", &format!("DPoP {token}"))
            .header("dpop", &client.proof(self.now(), token))
    }

    /// A second instance at the same gateway and provider, with these fields.
    pub(crate) fn beside(&self, config: Value) -> Chain {
        Chain::new(vec![built(&self.registry, &self.provider, Uuid::from_u128(2), config)], scope())
    }

    pub(crate) async fn send(&self, call: Call) -> Outcome {
        call.through(&self.chain).await
    }

    pub(crate) async fn permit(&self, call: Call) -> Passed {
        self.send(call).await.passed()
    }

    pub(crate) async fn refuse(&self, call: Call) -> Refused {
        self.send(call).await.refused()
    }
}

/// The configuration of an instance, complete.
pub(crate) fn config(provider: &Provider, changes: Value) -> Value {
    let base = json!({
        "issuer": provider.issuer(),
        "auth_methods": ["bearer", "introspection"],
        "client_id": ["gateway"],
        "client_secret": ["secret"],
        "display_errors": true,
    });
    Value::Object(merged(base, changes))
}

pub(crate) fn built(registry: &Registry, provider: &Provider, id: Uuid, changes: Value) -> Arc<dyn Plugin> {
    let given = config(provider, changes);
    let schema = &registry.plugin("openid-connect").unwrap().config;
    let config = schema.process(given.as_object().unwrap().clone()).unwrap();
    registry
        .build(&Instance { id, name: "openid-connect", config: &config, material: &Material::default() })
        .unwrap()
}

/// A client with a key.
pub(crate) struct Client {
    pub(crate) key: SigningKey,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::with(Algorithm::Es256)
    }

    pub(crate) fn with(algorithm: Algorithm) -> Self {
        Self { key: SigningKey::generate(algorithm).unwrap() }
    }

    pub(crate) fn jkt(&self) -> String {
        self.key.public().thumbprint().encode()
    }

    /// A good proof for GET of [`URL`], with a `jti` of its own.
    pub(crate) fn proof(&self, now: i64, token: &str) -> String {
        self.proof_with(now, token, |_| {})
    }

    pub(crate) fn proof_with(&self, now: i64, token: &str, change: impl FnOnce(&mut ProofClaims)) -> String {
        let mut claims = ProofClaims {
            method: "GET".to_owned(),
            url: URL.to_owned(),
            jti: Uuid::new_v4().to_string(),
            iat: now,
            ath: Some(token_hash(token.as_bytes())),
            nonce: None,
        };
        change(&mut claims);
        proof(&self.key, &claims).unwrap()
    }

    /// A proof whose header and claims are changed at will; null takes a member away.
    pub(crate) fn forged(&self, now: i64, token: &str, header: Value, claims: Value) -> String {
        let ath = keybound_pop::base64url::encode(&token_hash(token.as_bytes()));
        let base =
            json!({"htm": "GET", "htu": URL, "jti": Uuid::new_v4().to_string(), "iat": now, "ath": ath});
        let head = json!({"typ": "dpop+jwt", "jwk": self.key.public().to_jwk()});
        jws(&self.key, merged(head, header), &merged(base, claims)).unwrap()
    }
}

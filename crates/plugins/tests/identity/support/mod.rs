//! A gate with some plugins and everybody who may call, all in this process.

#[path = "../../openid_connect/support/call.rs"]
#[allow(dead_code, reason = "shared with the tests of another plugin")]
mod call;

use std::sync::Arc;

use keybound_model::entity::{
    AclGroup, BasicAuthCredential, Consumer, ConsumerGroup, ConsumerGroupMember, HmacAuthCredential,
    JwtSecret, KeyAuthCredential,
};
use keybound_model::{Configuration, PluginCatalog};
use keybound_oidc::TrustRoots;
use keybound_plugins::contract::{
    Audience, Chain, Decision, Directory, Exchange, Flow, Instance, Material, Plugin, PluginFactory, Scope,
    Slot,
};
use keybound_plugins::{CounterStores, Environment, Random, Registry, ReplayStores, RootSecret};
use keybound_pop::time::{FixedClock, UnixTime};
use keybound_store::counters::{CounterStore, MemoryCounters};
use keybound_store::redis::RedisSettings;
use keybound_store::replay::{MemoryReplay, RedisReplaySettings, ReplayStore};
use keybound_store::shared::{MemoryShared, SharedStore, SharedStores};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use call::{Call, Passed, Refused};

/// Where the clock stands.
pub(crate) const NOW: i64 = 1_800_000_000;
/// The URL of every request, unless a call says otherwise.
pub(crate) const URL: &str = "http://gateway.example/things";

/// Consumers of every test.
pub(crate) const JOHN: Uuid = Uuid::from_u128(1);
pub(crate) const JANE: Uuid = Uuid::from_u128(2);
pub(crate) const NOBODY: Uuid = Uuid::from_u128(3);
/// The group of consumers that Jane is in.
pub(crate) const GOLD: Uuid = Uuid::from_u128(0x10);
/// The key of John, and that of Jane.
pub(crate) const JOHNS_KEY: Uuid = Uuid::from_u128(0x21);
pub(crate) const JANES_KEY: Uuid = Uuid::from_u128(0x22);

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

struct Memory;

impl ReplayStores for Memory {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(max_entries, max_entries_per_key))
    }

    fn redis(&self, _redis: &RedisSettings, _settings: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        ReplayStores::memory(self, 1000, 1000)
    }
}

fn consumer(id: Uuid, username: Option<&str>, custom_id: Option<&str>) -> Consumer {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Consumer { id, username: text(username), custom_id: text(custom_id), tags: Vec::new() }
}

/// Everybody: John with a key, a password and groups; Jane with a key that ends and in the group gold; nobody.
pub(crate) fn everybody() -> Configuration {
    let acl = |consumer, group: &str| AclGroup { consumer, group: group.to_owned() };
    Configuration {
        consumers: vec![
            consumer(JOHN, Some("john"), Some("c-john")),
            consumer(JANE, None, Some("c-jane")),
            consumer(NOBODY, Some("nobody"), None),
        ],
        consumer_groups: vec![ConsumerGroup { id: GOLD, name: "gold".to_owned() }],
        consumer_group_consumers: vec![ConsumerGroupMember { consumer: JANE, consumer_group: GOLD }],
        keyauth_credentials: vec![
            KeyAuthCredential { id: JOHNS_KEY, consumer: JOHN, key: "johns".to_owned(), expires_at: None },
            KeyAuthCredential {
                id: JANES_KEY,
                consumer: JANE,
                key: "janes".to_owned(),
                expires_at: Some(NOW + 10),
            },
        ],
        basicauth_credentials: vec![BasicAuthCredential {
            id: Uuid::from_u128(0x31),
            consumer: JOHN,
            username: "j\u{f6}hn".to_owned(),
            // printf 's:cret00000000-0000-0000-0000-000000000001' | sha1sum
            password: "735e9b92712070f2c14eb46ba43e96943c37a57c".to_owned(),
        }],
        hmacauth_credentials: vec![HmacAuthCredential {
            id: Uuid::from_u128(0x51),
            consumer: JOHN,
            username: "john".to_owned(),
            secret: Some("hmac secret".to_owned()),
        }],
        acls: vec![acl(JOHN, "staff"), acl(JOHN, "editors"), acl(NOBODY, "public")],
        ..Configuration::default()
    }
}

/// A credential of `jwt`.
pub(crate) fn jwt_secret(
    key: &str,
    algorithm: &str,
    secret: Option<&str>,
    public: Option<&str>,
) -> JwtSecret {
    JwtSecret {
        id: Uuid::from_u128(0x41),
        consumer: JOHN,
        key: key.to_owned(),
        secret: secret.map(str::to_owned),
        rsa_public_key: public.map(str::to_owned),
        algorithm: algorithm.to_owned(),
    }
}

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

/// A chain of plugins with everybody who may call.
pub(crate) struct Gate {
    pub(crate) clock: Arc<FixedClock>,
    chain: Chain,
}

/// A registry whose clock stands at [`NOW`].
pub(crate) fn registry() -> (Arc<FixedClock>, Registry) {
    let clock = Arc::new(FixedClock::at(NOW));
    let registry = Registry::new(Environment {
        tracing: keybound_plugins::Tracing::default(),
        clock: Arc::clone(&clock) as _,
        random: Arc::new(Zeros),
        runtime: tokio::runtime::Handle::current(),
        roots: TrustRoots::empty(),
        replay: Arc::new(Memory),
        shared: Arc::new(Memory),
        counters: Arc::new(Memory),
        metrics: Arc::default(),
        deliveries: Arc::default(),
        root: Arc::new(RootSecret::new([0; 32], false)),
        started_at: UnixTime::from_secs(NOW - 10),
    });
    (clock, registry)
}

impl Gate {
    /// These plugins, for everybody.
    pub(crate) fn of<const N: usize>(plugins: [(&str, Value); N]) -> Self {
        Self::with(everybody(), plugins)
    }

    pub(crate) fn with<const N: usize>(configuration: Configuration, plugins: [(&str, Value); N]) -> Self {
        Self::scoped(configuration, plugins, None)
    }

    /// These plugins, and one more for the requests of some.
    pub(crate) fn scoped<const N: usize>(
        configuration: Configuration,
        plugins: [(&str, Value); N],
        special: Option<(Audience, Arc<dyn Plugin>)>,
    ) -> Self {
        let (clock, registry) = registry();
        let mut slots: Vec<Slot> = plugins
            .into_iter()
            .enumerate()
            .map(|(n, (name, config))| {
                let id = Uuid::from_u128(0x100 + n as u128);
                let schema = &registry.plugin(name).unwrap().config;
                let config = schema.process(config.as_object().unwrap().clone()).unwrap();
                registry.check(name, &config).unwrap();
                let plugin = registry
                    .build(&Instance { id, name, config: &config, material: &Material::default() })
                    .unwrap();
                Slot::new(vec![(Audience::Anyone, plugin)]).unwrap()
            })
            .collect();
        slots.extend(special.map(|candidate| Slot::new(vec![candidate]).unwrap()));
        let chain = Chain::of(slots, Scope::default(), Arc::new(Directory::of(&configuration)));
        Self { clock, chain }
    }

    pub(crate) async fn permit(&self, call: Call) -> Passed {
        call.through(&self.chain).await.passed()
    }

    pub(crate) async fn refuse(&self, call: Call) -> Refused {
        call.through(&self.chain).await.refused()
    }
}

/// A plugin that runs early and puts the caller into groups, as a provider does; with a consumer or without.
pub(crate) struct Provider {
    pub(crate) groups: Vec<&'static str>,
    pub(crate) authenticated: bool,
}

impl Plugin for Provider {
    fn name(&self) -> &'static str {
        "provider"
    }

    fn priority(&self) -> i32 {
        2000
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            exchange.notes.identity.groups =
                Some(self.groups.iter().map(|group| (*group).to_owned()).collect());
            exchange.notes.identity.authenticated = self.authenticated;
            Flow::Continue
        })
    }
}

/// A plugin that marks the requests that it sees.
pub(crate) struct Marker;

impl Plugin for Marker {
    fn name(&self) -> &'static str {
        "marker"
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            exchange.head.headers.insert("x-marker", "seen".parse().unwrap());
            Flow::Continue
        })
    }
}

/// Asserts a refusal: status, code, message, challenge.
#[track_caller]
pub(crate) fn is(refused: &Refused, status: u16, code: &str, message: &str, challenges: &[&str]) {
    assert_eq!((refused.status.as_u16(), refused.code, refused.message.as_str()), (status, code, message));
    assert_eq!(refused.challenges(), challenges);
}

/// The identity fields that the upstream sees, sorted by name.
pub(crate) fn identity(passed: &Passed) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = passed
        .head
        .headers
        .iter()
        .filter(|(name, _)| ["x-c", "x_c", "x-a", "x_a"].iter().any(|start| name.as_str().starts_with(start)))
        .map(|(name, value)| (name.to_string(), String::from_utf8(value.as_bytes().to_vec()).unwrap()))
        .collect();
    fields.sort();
    fields
}

/// Pairs as [`identity`] gives them.
pub(crate) fn pairs<const N: usize>(fields: [(&str, &str); N]) -> Vec<(String, String)> {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use keybound_model::PluginCatalog;
use keybound_oidc::TrustRoots;
use keybound_plugins::contract::{
    BodyFault, BodySource, Chain, Connection, Form, Head, Instance, Material, Notes, Plugin, PluginFactory,
    Public, RequestPath, ResponseHead, Scope, Stop,
};
use keybound_plugins::metrics::Metrics;
use keybound_plugins::{CounterStores, Environment, Random, Registry, ReplayStores, RootSecret};
use keybound_pop::htu::{Host, Scheme};
use keybound_pop::time::{FixedClock, UnixTime};
use keybound_store::BoxFuture;
use keybound_store::counters::{CounterFault, CounterStore, MemoryCounters, Window};
use keybound_store::redis::RedisSettings;
use keybound_store::replay::{MemoryReplay, RedisReplaySettings, ReplayStore};
use keybound_store::shared::{MemoryShared, SharedStore, SharedStores};
use serde_json::Value;
use uuid::Uuid;

/// 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) struct World {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) registry: Registry,
}

struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

struct Stores(Arc<MemoryCounters>);

impl ReplayStores for Stores {
    fn memory(&self, max_entries: u64, max_entries_per_key: u64) -> Arc<dyn ReplayStore> {
        Arc::new(MemoryReplay::new(max_entries, max_entries_per_key))
    }

    fn redis(&self, _redis: &RedisSettings, _settings: RedisReplaySettings) -> Arc<dyn ReplayStore> {
        ReplayStores::memory(self, 1000, 1000)
    }
}

/// A Redis that is down.
struct Down;

impl CounterStore for Down {
    fn count<'a>(
        &'a self,
        _who: &'a str,
        _windows: &'a [Window],
        _now: i64,
    ) -> BoxFuture<'a, Result<Vec<u64>, CounterFault>> {
        Box::pin(std::future::ready(Err(CounterFault("refused".to_owned()))))
    }
}

impl SharedStores for Stores {
    fn memory(&self) -> Arc<dyn SharedStore> {
        Arc::new(MemoryShared::new(1000, 1_000_000))
    }

    fn redis(&self, _settings: &RedisSettings) -> Arc<dyn SharedStore> {
        SharedStores::memory(self)
    }
}

impl CounterStores for Stores {
    fn memory(&self) -> Arc<dyn CounterStore> {
        Arc::clone(&self.0) as Arc<dyn CounterStore>
    }

    fn redis(&self, _settings: &RedisSettings) -> Arc<dyn CounterStore> {
        Arc::new(Down)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        let metrics = Arc::new(Metrics::default());
        let stores = Arc::new(Stores(Arc::new(MemoryCounters::new(1000))));
        let registry = Registry::new(Environment {
            tracing: keybound_plugins::Tracing::default(),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(Counting(AtomicU8::new(1))),
            runtime: tokio::runtime::Handle::current(),
            roots: TrustRoots::empty(),
            replay: Arc::clone(&stores) as _,
            shared: Arc::clone(&stores) as _,
            counters: stores,
            metrics: Arc::clone(&metrics),
            deliveries: Arc::default(),
            root: Arc::new(RootSecret::new([0; 32], false)),
            started_at: UnixTime::from_secs(NOW - 10),
        });
        Self { clock, metrics, registry }
    }

    /// The plugin of a configuration; the fault where there is one, from the schema or from building.
    pub(crate) fn build(&self, name: &str, config: &Value) -> Result<Arc<dyn Plugin>, String> {
        let schema = &self.registry.plugin(name).unwrap().config;
        let config =
            schema.process(config.as_object().unwrap().clone()).map_err(|errors| errors.message())?;
        let instance =
            Instance { id: Uuid::from_u128(7), name, config: &config, material: &Material::default() };
        self.registry.build(&instance).map_err(|fault| fault.to_string())
    }

    pub(crate) fn chain(&self, name: &str, config: Value) -> Chain {
        Chain::new(vec![self.build(name, &config).unwrap()], scope())
    }
}

/// The fault of a configuration.
pub(crate) fn refused(name: &str, config: Value) -> String {
    match World::new().build(name, &config) {
        Ok(_) => panic!("accepted"),
        Err(fault) => fault,
    }
}

pub(crate) fn scope() -> Scope {
    Scope {
        service: Some(("service-1".into(), Some("orders".into()))),
        route: Some(("route-1".into(), Some("all".into()))),
    }
}

/// A request.
pub(crate) struct Call {
    head: Head,
    body: Body,
    pub(crate) notes: Notes,
}

struct Body(Bytes);

impl BodySource for Body {
    fn whole(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyFault>> + Send + '_>> {
        let whole = if self.0.len() > limit { Err(BodyFault::TooLarge) } else { Ok(self.0.clone()) };
        Box::pin(std::future::ready(whole))
    }

    fn replace(&mut self, body: Bytes) {
        self.0 = body;
    }
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed { head: Box<Head>, body: String, response: HeaderMap, notes: Box<Notes> },
    Ended(Ended),
}

/// An answer, or a refusal as it would be answered.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The code and the form of a refusal.
    pub(crate) fault: Option<(&'static str, Form)>,
}

impl Call {
    pub(crate) fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    pub(crate) fn new(method: Method, target: &str) -> Self {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
        let head = Head {
            method,
            version: Version::HTTP_11,
            path: RequestPath { escaped: path.to_owned(), decoded: None, had_empty_segments: false },
            query: query.map(str::to_owned),
            headers: HeaderMap::new(),
            public: Public { scheme: Scheme::Http, host: Host::Name("gateway.example".into()), port: None },
            client_ip: address.ip(),
            connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
            request_id: "0".repeat(32),
            websocket: false,
        };
        Self { head, body: Body(Bytes::new()), notes: Notes::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.head.headers.append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn body(mut self, media: &str, body: &str) -> Self {
        self.body = Body(Bytes::copy_from_slice(body.as_bytes()));
        self.header("content-type", media)
    }

    pub(crate) fn from(mut self, client: &str) -> Self {
        self.head.client_ip = client.parse::<IpAddr>().unwrap();
        self
    }

    pub(crate) async fn through(mut self, chain: &Chain) -> Outcome {
        let decided = chain.decide(self.head, &mut self.body, &mut self.notes).await;
        let mut response = HeaderMap::new();
        for (name, value) in self.notes.response_headers.iter().chain(&self.notes.response_additions) {
            response.append(name.clone(), value.clone());
        }
        let fields = |list: Vec<(HeaderName, HeaderValue)>| {
            let mut headers = HeaderMap::new();
            for (name, value) in list {
                headers.append(name, value);
            }
            headers
        };
        match decided {
            Ok(permit) => Outcome::Passed {
                head: Box::new(permit.into_head()),
                body: String::from_utf8(self.body.0.to_vec()).unwrap(),
                response,
                notes: Box::new(self.notes),
            },
            Err(Stop::Answer(answer)) => Outcome::Ended(Ended {
                status: answer.status,
                headers: fields(answer.headers),
                body: String::from_utf8(answer.body.to_vec()).unwrap(),
                fault: None,
            }),
            Err(Stop::Refusal(refusal)) => {
                let row = refusal.fault.row();
                Outcome::Ended(Ended {
                    status: refusal.status.unwrap_or(row.status),
                    headers: fields(refusal.headers),
                    body: refusal.message.as_deref().unwrap_or(row.message).to_owned(),
                    fault: Some((row.code, refusal.form)),
                })
            }
        }
    }
}

impl Outcome {
    pub(crate) fn passed(self) -> (Head, String, HeaderMap, Notes) {
        match self {
            Self::Passed { head, body, response, notes } => (*head, body, response, *notes),
            Self::Ended(ended) => panic!("ended: {ended:?}"),
        }
    }

    pub(crate) fn ended(self) -> Ended {
        match self {
            Self::Ended(ended) => ended,
            Self::Passed { head, .. } => panic!("passed: {head:?}"),
        }
    }
}

/// The lines of a field.
pub(crate) fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// The one value of a field.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = all(headers, name);
    assert!(all.len() < 2, "{name}: {all:?}");
    all.first().copied()
}

/// Runs the phases of the response over one of the upstream, and gives its fields and its body.
pub(crate) fn respond(chain: &Chain, fields: &[(&'static str, &str)], body: &str) -> (HeaderMap, String) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let mut notes = Notes::default();
    let mut head = ResponseHead {
        status: StatusCode::OK,
        headers: &mut headers,
        from_upstream: true,
        notes: &mut notes,
    };
    chain.respond(&mut head);
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let body = match chain.body_edit(&head) {
        Some(edit) => edit.apply(&mut head, bytes),
        None => bytes,
    };
    (headers, String::from_utf8(body.to_vec()).unwrap())
}

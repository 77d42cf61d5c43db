use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use redis::{RedisConnectionInfo, Value};

use super::cluster::{SlotMap, redirected, slot};
use super::fault::RedisFault;
use super::link::{Link, Open};
use super::order::{Failed, Order};
use super::settings::{Address, RedisSettings, Server};
use super::stream::{Stream, Tls, TlsConfigs};

/// How long the map of a cluster is left as it is, whatever its nodes say.
const MAP_REST: Duration = Duration::from_secs(1);

/// The Redis servers that this process speaks to.
pub struct RedisClients {
    tls: TlsConfigs,
    known: Mutex<HashMap<RedisSettings, Weak<RedisClient>>>,
}

/// One Redis, by its settings. Connects to nothing before the first call.
pub struct RedisClient {
    settings: RedisSettings,
    login: RedisConnectionInfo,
    tls: Option<Tls>,
    threads: RwLock<HashMap<ThreadId, Arc<Links>>>,
    map: RwLock<Map>,
}

/// The connections of one thread: to the server, or to the nodes of a cluster.
#[derive(Default)]
struct Links {
    known: Mutex<HashMap<Option<Address>, Arc<Link>>>,
}

#[derive(Default)]
struct Map {
    slots: Option<Arc<SlotMap>>,
    looked_at: Option<Instant>,
}

impl RedisClients {
    /// `tls`: for those that are reached by it.
    #[must_use]
    pub fn new(tls: TlsConfigs) -> Self {
        Self { tls, known: Mutex::default() }
    }

    /// The client of these settings: the same one for all who have them.
    #[must_use]
    pub fn client(&self, settings: &RedisSettings) -> Arc<RedisClient> {
        let mut known = self.known.lock();
        if let Some(client) = known.get(settings).and_then(Weak::upgrade) {
            return client;
        }
        known.retain(|_, client| client.strong_count() > 0);
        let client = Arc::new(RedisClient::new(settings.clone(), &self.tls));
        known.insert(settings.clone(), Arc::downgrade(&client));
        client
    }
}

impl RedisClient {
    fn new(settings: RedisSettings, configs: &TlsConfigs) -> Self {
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password);
        }
        let tls = settings.tls.as_ref().map(|tls| Tls::new(tls, configs));
        Self { settings, login, tls, threads: RwLock::default(), map: RwLock::default() }
    }

    /// How it is reached.
    #[must_use]
    pub fn settings(&self) -> &RedisSettings {
        &self.settings
    }

    /// Sends an order to the server that has `key`. However many steps that takes: no longer than the bound.
    pub(crate) async fn send(&self, key: &str, order: Order<'_>) -> Result<Value, RedisFault> {
        let sending = tokio::time::timeout(self.settings.bound(), self.route(key, order));
        sending.await.unwrap_or(Err(RedisFault::TooSlow))
    }

    async fn route(&self, key: &str, order: Order<'_>) -> Result<Value, RedisFault> {
        let Server::Cluster { max_redirections, .. } = &self.settings.server else {
            return self.at(None, false, order).await.map_err(Failed::fault);
        };
        let slot = slot(key.as_bytes());
        let mut next = (self.node(slot).await?, false);
        for _ in 0..*max_redirections {
            let (node, asking) = &next;
            match self.at(Some(node), *asking, order).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Never(fault)) => {
                    self.look_again().await?;
                    let other = self.node(slot).await?;
                    if other == *node {
                        return Err(fault);
                    }
                    next = (other, false);
                }
                Err(Failed::Answer(error)) if error.redirect_node().is_some() => {
                    let asking = error.code() == Some("ASK");
                    let to = error.redirect_node().and_then(|(to, _)| redirected(to, node));
                    let to = to.ok_or_else(|| RedisFault::of(&error))?;
                    if !asking {
                        // A map that could not be fetched is fetched later; this call knows its way.
                        let _ = self.look_again().await;
                    }
                    next = (to, asking);
                }
                Err(failed) => return Err(failed.fault()),
            }
        }
        self.at(Some(&next.0), next.1, order).await.map_err(Failed::fault)
    }

    /// The call at one server.
    async fn at(&self, node: Option<&Address>, asking: bool, order: Order<'_>) -> Result<Value, Failed> {
        let link = self.links().of(node);
        let opened = link.opened(self.settings.connect_timeout, self.open(node)).await;
        let open = opened.map_err(Failed::Never)?;
        match tokio::time::timeout(self.settings.exchange(), order.give(&open, asking)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failed)) => {
                if let Some(rest) = failed.ends_connection() {
                    link.give_up(&open, &failed.clone().fault(), rest).await;
                }
                Err(failed)
            }
            Err(_) => {
                // Whatever else waits on this connection waits behind the same call.
                link.give_up(&open, &RedisFault::TooSlow, true).await;
                Err(Failed::Told(RedisFault::TooSlow))
            }
        }
    }

    async fn open(&self, node: Option<&Address>) -> Result<Open, RedisFault> {
        let tls = self.tls.as_ref();
        let stream = match (node, &self.settings.server) {
            (Some(node), _) => Stream::tcp(node, tls).await?,
            (None, Server::Tcp(address)) => Stream::tcp(address, tls).await?,
            (None, Server::Unix(path)) => Stream::unix(path).await?,
            (None, Server::Sentinel(sentinels)) => {
                let mut last = RedisFault::Unreachable("no server was named".to_owned());
                for address in sentinels.ask(tls).await? {
                    match Stream::tcp(&address, tls).await {
                        Ok(stream) => return Open::log_in(stream, &self.login).await,
                        Err(fault) => last = fault,
                    }
                }
                return Err(last);
            }
            (None, Server::Cluster { .. }) => {
                return Err(RedisFault::Unreachable("a cluster has no node of no name".to_owned()));
            }
        };
        Open::log_in(stream, &self.login).await
    }

    /// The connections of this thread.
    fn links(&self) -> Arc<Links> {
        let thread = thread::current().id();
        if let Some(links) = self.threads.read().get(&thread) {
            return Arc::clone(links);
        }
        Arc::clone(self.threads.write().entry(thread).or_default())
    }

    /// The node of a slot.
    async fn node(&self, slot: u16) -> Result<Address, RedisFault> {
        let known = self.map.read().slots.clone();
        let map = match known {
            Some(map) => map,
            None => self.look_again().await?,
        };
        map.node(slot).cloned().ok_or_else(|| RedisFault::Unreachable(format!("no node has slot {slot}")))
    }

    /// Asks the nodes for the map, unless somebody just did.
    async fn look_again(&self) -> Result<Arc<SlotMap>, RedisFault> {
        let known = {
            let mut map = self.map.write();
            let fresh = map.looked_at.is_some_and(|at| at.elapsed() < MAP_REST);
            match &map.slots {
                Some(slots) if fresh => return Ok(Arc::clone(slots)),
                known => {
                    let known = known.clone();
                    map.looked_at = Some(Instant::now());
                    known
                }
            }
        };
        let Server::Cluster { nodes, .. } = &self.settings.server else {
            return Err(RedisFault::Shape);
        };
        let mut last = RedisFault::Unreachable("the cluster has no node".to_owned());
        let mut ask = redis::cmd("CLUSTER");
        ask.arg("SLOTS");
        for node in nodes.iter().chain(known.iter().flat_map(|map| map.nodes())) {
            match self.at(Some(node), false, Order::Command(&ask)).await {
                Ok(answer) => match SlotMap::read(answer, node) {
                    Some(slots) => {
                        let slots = Arc::new(slots);
                        self.map.write().slots = Some(Arc::clone(&slots));
                        return Ok(slots);
                    }
                    None => last = RedisFault::Shape,
                },
                Err(failed) => last = failed.fault(),
            }
        }
        Err(last)
    }
}

impl Links {
    fn of(&self, node: Option<&Address>) -> Arc<Link> {
        let mut known = self.known.lock();
        if let Some(link) = known.get(&node.cloned()) {
            return Arc::clone(link);
        }
        let link = Arc::new(Link::default());
        known.insert(node.cloned(), Arc::clone(&link));
        link
    }
}

impl std::fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisClient").field(&self.settings).finish()
    }
}

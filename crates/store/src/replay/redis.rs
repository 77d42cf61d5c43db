use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use redis::{FromRedisValue, Value};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::{Recorded, ReplayFault, ReplayRecord, ReplayStore};
use crate::BoxFuture;
use crate::redis::{Order, RedisClient, RedisFault, Script};

/// The one step of a check: the marker is read, the record is written unless it is there, and the key is counted.
static PUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/put.lua")));
/// Writes the marker unless there is one that holds.
static MARK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/mark.lua")));

/// In a cluster the records of one instance are spread over so many slots; those of one key are in one.
const PARTITIONS: usize = 64;
/// Seconds that are counted together for the quota of a key.
const STRETCH: i64 = 64;
/// Seconds that a marker lives without being used.
const MARKER_LIFE: i64 = 7 * 86_400;
/// Seconds after which its life is made long again.
const MARKER_AGAIN: i64 = 3600;

/// What a store in a Redis has to know of the instance that it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisReplaySettings {
    /// What names the instance, on every node alike.
    pub instance: [u8; 16],
    /// Live records of one key at most.
    pub max_entries_per_key: u64,
    /// Seconds for which a proof can be used after its `iat`.
    pub reach: i64,
    /// Seconds by which a client's clock may be ahead.
    pub leeway: i64,
    /// What is known of proofs that were used before.
    pub start: Start,
}

/// What is known of proofs that were used before this store was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The instance is new: there are none.
    New,
    /// The process started: when the Redis has no marker either, whatever was used before this second is unknown.
    Boot(i64),
    /// They were remembered elsewhere: whatever was used before this second is unknown, whatever the Redis says.
    Moved(i64),
    /// The Redis knows them as well as before.
    Running,
}

/// Replay records in a Redis, shared by all nodes that have the same instance and the same Redis.
///
/// Beside the records stands a marker for each partition: since when no record is missing, and in which run of the server.
/// A Redis that was flushed has no marker; one that was started again, or that took the place of another, runs under
/// another name. Then a new marker is written in the same step, and proofs from before it are [`Recorded::Cold`].
///
/// A record ends by the Redis's own clock. It lives until its end by that clock and by the node's, whichever is longer, so
/// that a clock that jumps ahead and comes back loses nothing.
pub struct RedisReplay {
    shared: Arc<Shared>,
}

struct Shared {
    client: Arc<RedisClient>,
    settings: RedisReplaySettings,
    /// What the keys of each partition begin with, and when its marker's life was made long last.
    partitions: Vec<(String, AtomicI64)>,
    prepared: OnceCell<()>,
}

impl RedisReplay {
    /// Records in this Redis. On a runtime, the markers are written in the background; otherwise with the first record.
    #[must_use]
    pub fn new(client: Arc<RedisClient>, settings: RedisReplaySettings) -> Self {
        let count = if client.settings().is_cluster() { PARTITIONS } else { 1 };
        let instance = URL_SAFE_NO_PAD.encode(settings.instance);
        let partitions = (0..count)
            .map(|number| (format!("keybound:replay:{{{instance}.{number}}}:"), AtomicI64::new(i64::MIN)))
            .collect();
        let shared = Arc::new(Shared { client, settings, partitions, prepared: OnceCell::new() });
        if let Ok(runtime) = Handle::try_current() {
            let shared = Arc::clone(&shared);
            runtime.spawn(async move { shared.prepare().await });
        }
        Self { shared }
    }
}

impl Shared {
    /// Writes the markers, once. What fails here is made good with the records, by the stricter rule.
    async fn prepare(&self) {
        let prepared = self.prepared.get_or_init(|| async {
            let (from, force) = match self.settings.start {
                Start::Running => return,
                Start::New => (0, 0),
                Start::Boot(from) => (from, 0),
                Start::Moved(from) => (from, 1),
            };
            self.warn_of_eviction().await;
            let marking = self.partitions.iter().map(|(prefix, _)| async move {
                let keys = [format!("{prefix}m")];
                let RedisReplaySettings { reach, leeway, .. } = self.settings;
                let values = [from, force, leeway, reach, MARKER_LIFE];
                let order = Order::Script { script: &MARK, keys: &keys, values: &values, named: true };
                self.client.send(prefix, order).await
            });
            if let Some(fault) = join_all(marking).await.into_iter().find_map(Result::err) {
                tracing::warn!(%fault, "the Redis for used proofs cannot be prepared");
            }
        });
        prepared.await;
    }

    /// A Redis that gives up keys when it is full gives up records: replays would pass.
    async fn warn_of_eviction(&self) {
        let mut info = redis::cmd("INFO");
        info.arg("memory");
        let Some((prefix, _)) = self.partitions.first() else { return };
        let Ok(answer) = self.client.send(prefix, Order::Command(&info)).await else { return };
        let text = String::from_redis_value(answer).unwrap_or_default();
        let fact = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if let (Some(most), Some(policy)) = (fact("maxmemory:"), fact("maxmemory_policy:"))
            && most != "0"
            && policy != "noeviction"
        {
            tracing::warn!(
                policy,
                "the Redis for used proofs gives up keys when it is full, and with them the records of used proofs: \
                 set its maxmemory-policy to noeviction"
            );
        }
    }

    async fn put(&self, record: ReplayRecord, now: i64) -> Result<Recorded, ReplayFault> {
        let index = record.key.first().map_or(0, |byte| usize::from(*byte)) % self.partitions.len().max(1);
        let (prefix, refreshed) = self.partitions.get(index).ok_or_else(|| fault(&RedisFault::Shape))?;
        let keys = [
            format!("{prefix}m"),
            format!("{prefix}{}", URL_SAFE_NO_PAD.encode(record.id)),
            format!("{prefix}q{}", URL_SAFE_NO_PAD.encode(record.key)),
        ];
        let again = now.saturating_sub(refreshed.load(Ordering::Relaxed)).abs() >= MARKER_AGAIN;
        let RedisReplaySettings { max_entries_per_key, reach, leeway, .. } = self.settings;
        let values = [
            now,
            record.until,
            record.made,
            i64::from(record.by_nonce),
            leeway,
            reach,
            i64::try_from(max_entries_per_key).unwrap_or(i64::MAX),
            STRETCH,
            MARKER_LIFE,
            i64::from(again),
        ];
        let order = Order::Script { script: &PUT, keys: &keys, values: &values, named: true };
        let answer = match self.client.send(prefix, order).await {
            Err(RedisFault::OutOfMemory) => return Ok(Recorded::Full),
            answer => answer.map_err(|found| fault(&found))?,
        };
        if again {
            refreshed.store(now, Ordering::Relaxed);
        }
        match answer {
            Value::Int(0) => Ok(Recorded::Fresh),
            Value::Int(1) => Ok(Recorded::Seen),
            Value::Int(2) => Ok(Recorded::Cold),
            Value::Int(wait) if wait < 0 => Ok(Recorded::KeyQuota { retry_after: wait.unsigned_abs() }),
            _ => Err(fault(&RedisFault::Shape)),
        }
    }
}

impl ReplayStore for RedisReplay {
    fn put_if_absent<'a>(
        &'a self,
        record: ReplayRecord,
        now: i64,
    ) -> BoxFuture<'a, Result<Recorded, ReplayFault>> {
        Box::pin(async move {
            let shared = &*self.shared;
            if shared.prepared.initialized() {
                return shared.put(record, now).await;
            }
            let bound = shared.client.settings().bound();
            let putting = tokio::time::timeout(bound, async {
                shared.prepare().await;
                shared.put(record, now).await
            });
            putting.await.unwrap_or_else(|_| Err(fault(&RedisFault::TooSlow)))
        })
    }

    /// Nobody counts what all nodes wrote together.
    fn live(&self) -> u64 {
        0
    }
}

fn fault(fault: &RedisFault) -> ReplayFault {
    ReplayFault(fault.to_string())
}

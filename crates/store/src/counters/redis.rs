use std::sync::{Arc, LazyLock};

use redis::FromRedisValue;

use super::{CounterFault, CounterStore, Window};
use crate::BoxFuture;
use crate::redis::{Order, RedisClient, Script};

/// Reads every counter, and adds one to each unless one of them is at its limit.
///
/// KEYS: the counters. ARGV: for each its limit, then for each the seconds it lives.
const SCRIPT: &str = "\
local before, full = {}, false
for i, key in ipairs(KEYS) do
  before[i] = tonumber(redis.call('GET', key) or '0')
  if before[i] >= tonumber(ARGV[i]) then full = true end
end
if not full then
  for i, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[#KEYS + i]) end
  end
end
return before";

static COUNT: LazyLock<Script> = LazyLock::new(|| Script::new(SCRIPT));

/// Counters in a Redis.
pub struct RedisCounters {
    client: Arc<RedisClient>,
}

impl RedisCounters {
    /// Counters in this Redis. Connects to nothing yet.
    #[must_use]
    pub fn new(client: Arc<RedisClient>) -> Self {
        Self { client }
    }
}

impl CounterStore for RedisCounters {
    fn count<'a>(
        &'a self,
        who: &'a str,
        windows: &'a [Window],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<u64>, CounterFault>> {
        Box::pin(async move {
            // In a cluster all counters of one script must be in one slot: that of what stands in braces.
            let (open, close) = if self.client.settings().is_cluster() { ("{", "}") } else { ("", "") };
            let key =
                |window: &Window| format!("ratelimit:{open}{who}{close}:{}:{}", window.start, window.name);
            let keys: Vec<String> = windows.iter().map(key).collect();
            let limits = windows.iter().map(|window| i64::try_from(window.limit).unwrap_or(i64::MAX));
            let lives = windows.iter().map(|window| window.end.saturating_sub(now).max(1));
            let values: Vec<i64> = limits.chain(lives).collect();
            let order = Order::Script { script: &COUNT, keys: &keys, values: &values, named: false };
            let first = keys.first().map(String::as_str).unwrap_or_default();
            let answer = self.client.send(first, order).await;
            let answer = answer.map_err(|fault| CounterFault(fault.to_string()))?;
            match Vec::<u64>::from_redis_value(answer) {
                Ok(before) if before.len() == windows.len() => Ok(before),
                _ => Err(CounterFault("the answer has another shape".to_owned())),
            }
        })
    }
}

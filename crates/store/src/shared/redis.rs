use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Value};

use super::{SharedFault, SharedStore};
use crate::BoxFuture;
use crate::redis::{Order, RedisClient, RedisFault};

/// Values in a Redis.
pub struct RedisShared {
    client: Arc<RedisClient>,
}

impl RedisShared {
    /// Values in this Redis. Connects to nothing yet.
    #[must_use]
    pub fn new(client: Arc<RedisClient>) -> Self {
        Self { client }
    }

    async fn call(&self, key: &str, command: Cmd) -> Result<Value, SharedFault> {
        self.client.send(key, Order::Command(&command)).await.map_err(fault)
    }
}

impl SharedStore for RedisShared {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, SharedFault>> {
        Box::pin(async move {
            let mut command = redis::cmd("GET");
            command.arg(key);
            match self.call(key, command).await? {
                Value::Nil => Ok(None),
                value => Vec::<u8>::from_redis_value(value).map(Some).map_err(|_| fault(RedisFault::Shape)),
            }
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFault>> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(key).arg(value).arg("PX").arg(milliseconds(lives));
            self.call(key, command).await.map(drop)
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<bool, SharedFault>> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(key).arg(value).arg("PX").arg(milliseconds(lives)).arg("NX");
            match self.call(key, command).await? {
                Value::Nil => Ok(false),
                Value::Okay => Ok(true),
                _ => Err(fault(RedisFault::Shape)),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SharedFault>> {
        Box::pin(async move {
            let mut command = redis::cmd("DEL");
            command.arg(key);
            self.call(key, command).await.map(drop)
        })
    }
}

/// A life in milliseconds; a Redis knows none of 0.
fn milliseconds(lives: Duration) -> u64 {
    u64::try_from(lives.as_millis()).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX).saturating_mul(1000))
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn fault(fault: RedisFault) -> SharedFault {
    SharedFault(fault.to_string())
}

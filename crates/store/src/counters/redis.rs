use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError,
};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::{CounterFault, CounterStore, RedisSettings, Verify, Window};
use crate::BoxFuture;

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

/// After a failure nobody tries to connect for so long.
const REST: Duration = Duration::from_secs(1);

/// Counters in a Redis. One connection carries all calls; it is opened at the first, and again after a failure.
pub struct RedisCounters {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    settings: RedisSettings,
    link: Mutex<Link>,
}

enum Link {
    None,
    Open(MultiplexedConnection),
    Resting(Instant, CounterFault),
}

impl RedisCounters {
    /// Counters in this Redis. Connects to nothing yet; the connection will live on `runtime`.
    #[must_use]
    pub fn new(settings: RedisSettings, runtime: Handle) -> Self {
        Self { shared: Arc::new(Shared { settings, link: Mutex::new(Link::None) }), runtime }
    }
}

impl Shared {
    /// The connection, opened when there is none.
    async fn link(&self) -> Result<MultiplexedConnection, CounterFault> {
        let mut link = self.link.lock().await;
        match &*link {
            Link::Open(open) => return Ok(open.clone()),
            Link::Resting(until, fault) if Instant::now() < *until => return Err(fault.clone()),
            Link::Resting(..) | Link::None => {}
        }
        match self.open().await {
            Ok(open) => {
                *link = Link::Open(open.clone());
                Ok(open)
            }
            Err(fault) => {
                *link = Link::Resting(Instant::now() + REST, fault.clone());
                Err(fault)
            }
        }
    }

    async fn open(&self) -> Result<MultiplexedConnection, CounterFault> {
        let settings = &self.settings;
        let (host, port) = (settings.host.clone(), settings.port);
        let address = match settings.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(verify) => {
                ConnectionAddr::TcpTls { host, port, insecure: verify == Verify::Nothing, tls_params: None }
            }
        };
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password);
        }
        let info = address.into_connection_info().map_err(|error| fault(&error))?.set_redis_settings(login);
        let client = Client::open(info).map_err(|error| fault(&error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.timeout))
            .set_response_timeout(Some(settings.timeout));
        let opening = client.get_multiplexed_async_connection_with_config(&config);
        match tokio::time::timeout(settings.timeout, opening).await {
            Ok(opened) => opened.map_err(|error| fault(&error)),
            Err(_) => Err(CounterFault("no connection in time".to_owned())),
        }
    }

    async fn count(&self, who: &str, windows: &[Window], now: i64) -> Result<Vec<u64>, CounterFault> {
        let mut link = self.link().await?;
        let mut call = redis::cmd("EVAL");
        call.arg(SCRIPT).arg(windows.len());
        for window in windows {
            call.arg(format!("ratelimit:{who}:{}:{}", window.start, window.name));
        }
        for window in windows {
            call.arg(window.limit);
        }
        for window in windows {
            call.arg(window.end.saturating_sub(now).max(1));
        }
        let answer: Result<Vec<u64>, RedisError> = call.query_async(&mut link).await;
        match answer {
            Ok(before) if before.len() == windows.len() => Ok(before),
            Ok(_) => Err(CounterFault("the answer has another shape".to_owned())),
            Err(error) => {
                *self.link.lock().await = Link::None;
                Err(fault(&error))
            }
        }
    }
}

impl CounterStore for RedisCounters {
    fn count<'a>(
        &'a self,
        who: &'a str,
        windows: &'a [Window],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<u64>, CounterFault>> {
        let (shared, who, windows) = (Arc::clone(&self.shared), who.to_owned(), windows.to_vec());
        // On a runtime of its own: the connection must outlive the worker that happened to open it.
        let call = self.runtime.spawn(async move { shared.count(&who, &windows, now).await });
        Box::pin(async move {
            call.await.unwrap_or_else(|_| Err(CounterFault("the call was interrupted".to_owned())))
        })
    }
}

/// What the library says. It names commands, addresses and reasons, never a password.
fn fault(error: &RedisError) -> CounterFault {
    CounterFault(error.to_string())
}

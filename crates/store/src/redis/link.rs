//! One connection, opened when it is first needed and again after it broke.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisConnectionInfo, RedisResult, Value};
use tokio::sync::{Mutex, OnceCell};
use tokio::task::AbortHandle;

use super::fault::RedisFault;
use super::stream::Stream;

/// After a failure nobody tries to connect for so long.
const REST: Duration = Duration::from_secs(1);
/// How many calls may wait to be sent on one connection before others wait outside.
const WAITING: usize = 512;

/// A place for one connection.
#[derive(Default)]
pub(super) struct Link {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    None,
    Open(Open),
    Resting(Instant, RedisFault),
}

/// An open connection.
#[derive(Clone)]
pub(super) struct Open {
    connection: MultiplexedConnection,
    driver: Arc<Driver>,
    run_id: Arc<OnceCell<Arc<str>>>,
}

/// What carries the bytes of a connection. It ends with the last user of the connection, and takes with it whoever still
/// waits for an answer.
struct Driver {
    task: AbortHandle,
    ended: Arc<AtomicBool>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link {
    /// The connection, opened by `open` when there is none.
    pub(super) async fn opened<F>(&self, within: Duration, open: F) -> Result<Open, RedisFault>
    where
        F: Future<Output = Result<Open, RedisFault>>,
    {
        let mut state = self.state.lock().await;
        match &*state {
            State::Open(open) if !open.is_ended() => return Ok(open.clone()),
            State::Resting(until, fault) if Instant::now() < *until => return Err(fault.clone()),
            State::Open(_) | State::Resting(..) | State::None => {}
        }
        let opened = match tokio::time::timeout(within, open).await {
            Ok(opened) => opened,
            Err(_) => Err(RedisFault::Unreachable("no connection in time".to_owned())),
        };
        *state = match &opened {
            Ok(open) => State::Open(open.clone()),
            Err(fault) => State::Resting(Instant::now() + REST, fault.clone()),
        };
        opened
    }

    /// Gives up a connection that does not answer, or that leads to a server of no use. Those who wait for it get a fault,
    /// and nobody tries again for a moment, if `rest` says so.
    pub(super) async fn give_up(&self, broken: &Open, fault: &RedisFault, rest: bool) {
        broken.driver.task.abort();
        let mut state = self.state.lock().await;
        if let State::Open(open) = &*state
            && Arc::ptr_eq(&open.driver, &broken.driver)
        {
            *state = if rest { State::Resting(Instant::now() + REST, fault.clone()) } else { State::None };
        }
    }
}

impl Open {
    /// Logs in.
    pub(super) async fn log_in(stream: Stream, login: &RedisConnectionInfo) -> Result<Self, RedisFault> {
        let config =
            AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(WAITING);
        let (connection, driver) = MultiplexedConnection::new_with_config(login, stream, config)
            .await
            .map_err(|error| RedisFault::of(&error))?;
        let ended = Arc::new(AtomicBool::new(false));
        let flag = Ended(Arc::clone(&ended));
        let task = tokio::spawn(async move {
            let _flag = flag;
            driver.await;
        });
        let driver = Arc::new(Driver { task: task.abort_handle(), ended });
        Ok(Self { connection, driver, run_id: Arc::default() })
    }

    fn is_ended(&self) -> bool {
        self.driver.ended.load(Ordering::Acquire)
    }

    pub(super) async fn call(&self, command: &Cmd) -> RedisResult<Value> {
        command.query_async(&mut self.connection.clone()).await
    }

    /// A call to a node of a cluster that does not have the key yet, but will.
    pub(super) async fn call_asking(&self, command: &Cmd) -> RedisResult<Value> {
        let mut both = redis::pipe();
        both.cmd("ASKING").ignore().add_command(command.clone());
        let mut answers: Vec<Value> = both.query_async(&mut self.connection.clone()).await?;
        Ok(answers.pop().unwrap_or(Value::Nil))
    }

    /// What names the running server: another one after every start, and after a failover.
    pub(super) async fn run_id(&self) -> Result<Arc<str>, RedisFault> {
        let asked = self.run_id.get_or_try_init(|| async {
            let mut info = redis::cmd("INFO");
            info.arg("server");
            let answer = self.call(&info).await.map_err(|error| RedisFault::of(&error))?;
            let text = String::from_redis_value(answer).map_err(|_| RedisFault::Shape)?;
            let id = text.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim);
            let usable = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            id.filter(usable).map(Arc::from).ok_or(RedisFault::Shape)
        });
        asked.await.cloned()
    }
}

/// Notes that the driver is gone, however it went.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

//! What every store of counters does, asked of each engine; Redis is a real one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use keybound_store::counters::{CounterStore, MemoryCounters, RedisCounters, RedisSettings, Window};
use keybound_suites::debian;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

/// A Redis of its own, in a folder of its own, on a port that was free.
struct Redis {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    async fn start() -> Self {
        // Another process may take the port before the Redis does.
        for _ in 0..10 {
            if let Some(redis) = Self::try_start().await {
                return redis;
            }
        }
        panic!("redis-server finds no port");
    }

    async fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = debian::installed("redis-server", || debian::program("redis-server"));
        let mut child = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--requirepass", "s3cret", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Ready to accept connections") {
                return Some(Self { child, port, _folder: folder });
            }
        }
        None
    }

    fn settings(&self) -> RedisSettings {
        RedisSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            timeout: Duration::from_secs(5),
            username: None,
            password: Some("s3cret".to_owned()),
            database: 1,
            tls: None,
        }
    }

    fn counters(&self) -> RedisCounters {
        RedisCounters::new(self.settings(), Handle::current())
    }
}

fn windows(minute: u64, hour: u64) -> [Window; 2] {
    [
        Window { name: "minute", start: 0, end: 60, limit: minute },
        Window { name: "hour", start: 0, end: 3600, limit: hour },
    ]
}

/// What holds for every engine.
async fn conforms(store: &dyn CounterStore) {
    let windows = windows(2, 10);
    for before in 0..2 {
        assert_eq!(store.count("a", &windows, 1).await.unwrap(), [before, before]);
    }
    // The minute is full: the hour is not counted either.
    for _ in 0..3 {
        assert_eq!(store.count("a", &windows, 1).await.unwrap(), [2, 2]);
    }
    assert_eq!(store.count("b", &windows, 1).await.unwrap(), [0, 0]);
    let [_, hour] = windows;
    let next = [Window { name: "minute", start: 60, end: 120, limit: 2 }, hour];
    assert_eq!(store.count("a", &next, 60).await.unwrap(), [0, 2]);
}

/// Of any number of calls at once, as many pass as the limit says.
async fn is_atomic(store: &dyn CounterStore) {
    let windows = windows(20, 1000);
    let calls = (0..50).map(|_| store.count("c", &windows, 1));
    let before = futures_util::future::join_all(calls).await;
    let passed = before.into_iter().filter(|before| before.as_ref().unwrap()[0] < 20).count();
    assert_eq!(passed, 20);
}

#[tokio::test]
async fn memory_counts() {
    conforms(&MemoryCounters::new(100)).await;
    is_atomic(&MemoryCounters::new(100)).await;
}

#[tokio::test]
async fn redis_counts() {
    let redis = Redis::start().await;
    conforms(&redis.counters()).await;
    is_atomic(&redis.counters()).await;
}

#[tokio::test]
async fn two_nodes_share_what_redis_counts() {
    let redis = Redis::start().await;
    let windows = windows(2, 10);
    assert_eq!(redis.counters().count("a", &windows, 1).await.unwrap(), [0, 0]);
    assert_eq!(redis.counters().count("a", &windows, 1).await.unwrap(), [1, 1]);
}

#[tokio::test]
async fn a_redis_that_is_gone_is_a_fault_and_the_password_is_not_told() {
    let mut redis = Redis::start().await;
    let counters = redis.counters();
    assert_eq!(counters.count("a", &windows(2, 10), 1).await.unwrap(), [0, 0]);
    redis.child.kill().await.unwrap();
    for _ in 0..2 {
        let fault = counters.count("a", &windows(2, 10), 1).await.unwrap_err();
        assert!(!fault.to_string().contains("s3cret"), "{fault}");
    }
    assert!(!format!("{:?}", redis.settings()).contains("s3cret"));
}

#[tokio::test]
async fn a_wrong_password_is_a_fault() {
    let redis = Redis::start().await;
    let settings = RedisSettings { password: Some("other".to_owned()), ..redis.settings() };
    let counters = RedisCounters::new(settings, Handle::current());
    let fault = counters.count("a", &windows(2, 10), 1).await.unwrap_err();
    assert!(!fault.to_string().contains("other"), "{fault}");
}

//! What every store of counters does, asked of each engine; Redis is a real one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use keybound_store::counters::{CounterStore, MemoryCounters, RedisCounters, Window};
use keybound_store::redis::{Address, RedisSettings, Server};
use keybound_suites::{RedisCluster, RedisServer};

mod redis_lab;

use redis_lab::{clients, cluster, tcp};

fn settings(redis: &RedisServer) -> RedisSettings {
    RedisSettings { password: Some("s3cret".to_owned()), database: 1, ..tcp(redis) }
}

fn start() -> RedisServer {
    RedisServer::start_with(&["--requirepass", "s3cret"], &["-a", "s3cret"])
}

fn counters(settings: &RedisSettings) -> RedisCounters {
    RedisCounters::new(clients().client(settings))
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
    let redis = start();
    conforms(&counters(&settings(&redis))).await;
    is_atomic(&counters(&settings(&redis))).await;
}

#[tokio::test]
async fn a_cluster_counts() {
    let redis = RedisCluster::start();
    conforms(&counters(&cluster(&redis))).await;
    is_atomic(&counters(&cluster(&redis))).await;
}

#[tokio::test]
async fn two_nodes_share_what_redis_counts() {
    let redis = start();
    let windows = windows(2, 10);
    assert_eq!(counters(&settings(&redis)).count("a", &windows, 1).await.unwrap(), [0, 0]);
    assert_eq!(counters(&settings(&redis)).count("a", &windows, 1).await.unwrap(), [1, 1]);
}

#[tokio::test]
async fn a_redis_that_is_gone_is_a_fault_and_the_password_is_not_told() {
    let redis = start();
    let counters = counters(&settings(&redis));
    assert_eq!(counters.count("a", &windows(2, 10), 1).await.unwrap(), [0, 0]);
    redis.kill();
    for _ in 0..2 {
        let fault = counters.count("a", &windows(2, 10), 1).await.unwrap_err();
        assert!(!fault.to_string().contains("s3cret"), "{fault}");
    }
    assert!(!format!("{:?}", settings(&redis)).contains("s3cret"));
}

#[tokio::test]
async fn a_wrong_password_is_a_fault() {
    let redis = start();
    let settings = RedisSettings { password: Some("other".to_owned()), ..settings(&redis) };
    let fault = counters(&settings).count("a", &windows(2, 10), 1).await.unwrap_err();
    assert!(!fault.to_string().contains("other"), "{fault}");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_a_fault() {
    let nowhere = Server::Tcp(Address::new("nowhere.invalid", 6379));
    let nowhere = RedisSettings::new(nowhere, Duration::from_secs(5));
    assert!(counters(&nowhere).count("a", &windows(2, 10), 1).await.is_err());
}

//! What every store of used proofs does, asked of each engine; and what a Redis does when it loses what it knew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod redis_lab;

use std::time::Duration;

use keybound_store::redis::RedisSettings;
use keybound_store::replay::{
    MemoryReplay, Recorded, RedisReplay, RedisReplaySettings, ReplayRecord, ReplayStore, Start,
};
use keybound_suites::{RedisCluster, RedisGroup, RedisServer};

use redis_lab::{PATIENCE, clients, cluster, sentinel, tcp};

/// Seconds for which a proof can be used after its `iat`, and by which that may be ahead.
const REACH: i64 = 310;
const LEEWAY: i64 = 10;

fn store(settings: &RedisSettings, start: Start) -> RedisReplay {
    with(
        settings,
        RedisReplaySettings {
            instance: [7; 16],
            max_entries_per_key: 100,
            reach: REACH,
            leeway: LEEWAY,
            start,
        },
    )
}

fn with(settings: &RedisSettings, replay: RedisReplaySettings) -> RedisReplay {
    RedisReplay::new(clients().client(settings), replay)
}

/// The time of the server.
fn time(redis: &RedisServer) -> i64 {
    redis.command(&["time"]).lines().next().unwrap().parse().unwrap()
}

/// A proof that was made at this second, as its `iat` says.
fn record(id: u64, key: u8, made: i64) -> ReplayRecord {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&id.to_le_bytes());
    digest[15] = key;
    ReplayRecord { id: digest, key: [key; 16], until: made + REACH, made, by_nonce: false }
}

/// The same, as a nonce says.
fn by_nonce(id: u64, key: u8, made: i64) -> ReplayRecord {
    ReplayRecord { by_nonce: true, ..record(id, key, made) }
}

/// What holds for every engine that has room for a hundred records of a key.
async fn conforms(store: &dyn ReplayStore, now: i64) {
    let put = |record, at| async move { store.put_if_absent(record, at).await.unwrap() };
    assert_eq!(put(record(1, 1, now), now).await, Recorded::Fresh);
    for later in [0, 1, REACH] {
        assert_eq!(put(record(1, 1, now), now + later).await, Recorded::Seen, "{later}");
    }
    assert_eq!(put(record(1, 2, now), now).await, Recorded::Fresh);
    // Of any number of calls at once, one is told that it is new.
    let calls = (0..50).map(|_| store.put_if_absent(record(2, 1, now), now));
    let told = futures_util::future::join_all(calls).await;
    assert_eq!(told.into_iter().filter(|told| *told.as_ref().unwrap() == Recorded::Fresh).count(), 1);
    // A key that is full does not fill another one, and is free again.
    for id in 0..100 {
        assert_eq!(put(record(1000 + id, 3, now), now).await, Recorded::Fresh, "{id}");
    }
    let Recorded::KeyQuota { retry_after } = put(record(2000, 3, now), now).await else { panic!("a quota") };
    assert!((REACH - 64..=REACH + 129).contains(&i64::try_from(retry_after).unwrap()), "{retry_after}");
    assert_eq!(put(record(1000, 3, now), now).await, Recorded::Seen);
    assert_eq!(put(record(2000, 4, now), now).await, Recorded::Fresh);
    let later = now + REACH + 129;
    assert_eq!(put(record(3000, 3, later), later).await, Recorded::Fresh);
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&MemoryReplay::new(10_000, 100), 1_700_000_000).await;
}

#[tokio::test]
async fn one_server_conforms() {
    let redis = RedisServer::start();
    conforms(&store(&tcp(&redis), Start::New), time(&redis)).await;
}

#[tokio::test]
async fn a_cluster_conforms() {
    let redis = RedisCluster::start();
    conforms(&store(&cluster(&redis), Start::New), time(&redis.nodes[0])).await;
}

#[tokio::test]
async fn nodes_share_what_they_have_in_one_redis_and_instances_do_not() {
    let redis = RedisServer::start();
    let now = time(&redis);
    let (one, two) = (store(&tcp(&redis), Start::New), store(&tcp(&redis), Start::Boot(now + 1)));
    assert_eq!(one.put_if_absent(record(1, 1, now - 60), now).await.unwrap(), Recorded::Fresh);
    assert_eq!(two.put_if_absent(record(1, 1, now - 60), now).await.unwrap(), Recorded::Seen);
    // The second started later, but the first knows all of it.
    assert_eq!(two.put_if_absent(record(2, 1, now - 60), now).await.unwrap(), Recorded::Fresh);
    let other = RedisReplaySettings {
        instance: [8; 16],
        max_entries_per_key: 1,
        reach: REACH,
        leeway: LEEWAY,
        start: Start::New,
    };
    let other = with(&tcp(&redis), other);
    assert_eq!(other.put_if_absent(record(1, 1, now), now).await.unwrap(), Recorded::Fresh);
}

#[tokio::test]
async fn after_a_start_a_redis_without_marker_knows_nothing_of_what_was_before() {
    let redis = RedisServer::start();
    let now = time(&redis);
    let store = store(&tcp(&redis), Start::Boot(now));
    assert_eq!(store.put_if_absent(record(1, 1, now - 1), now).await.unwrap(), Recorded::Cold);
    assert_eq!(store.put_if_absent(record(1, 1, now - 1), now).await.unwrap(), Recorded::Cold);
    assert_eq!(store.put_if_absent(record(2, 1, now), now).await.unwrap(), Recorded::Fresh);
}

#[tokio::test]
async fn records_that_were_elsewhere_before_are_missing_whatever_the_redis_says() {
    let redis = RedisServer::start();
    let now = time(&redis);
    let known = store(&tcp(&redis), Start::New);
    assert_eq!(known.put_if_absent(record(1, 1, now - 9), now).await.unwrap(), Recorded::Fresh);
    let moved = store(&tcp(&redis), Start::Moved(now));
    assert_eq!(moved.put_if_absent(record(2, 1, now - 9), now).await.unwrap(), Recorded::Cold);
    assert_eq!(known.put_if_absent(record(2, 1, now - 9), now).await.unwrap(), Recorded::Cold);
    assert_eq!(moved.put_if_absent(record(2, 1, now), now).await.unwrap(), Recorded::Fresh);
}

/// Whatever was used before is cold; what is made after it is not.
async fn is_cold(store: &dyn ReplayStore, used: ReplayRecord, now: i64) {
    assert_eq!(store.put_if_absent(used, now).await.unwrap(), Recorded::Cold);
    // A client whose clock is ahead could have used it before.
    assert_eq!(store.put_if_absent(record(50, 1, now + LEEWAY), now).await.unwrap(), Recorded::Cold);
    assert_eq!(store.put_if_absent(by_nonce(51, 1, now), now).await.unwrap(), Recorded::Cold);
    let later = now + 4;
    assert_eq!(store.put_if_absent(by_nonce(51, 1, later), later).await.unwrap(), Recorded::Fresh);
    assert_eq!(store.put_if_absent(by_nonce(51, 1, later), later).await.unwrap(), Recorded::Seen);
    let later = now + 4 + LEEWAY;
    assert_eq!(store.put_if_absent(record(52, 1, later), later).await.unwrap(), Recorded::Fresh);
}

#[tokio::test]
async fn a_flushed_redis_is_cold() {
    let redis = RedisServer::start();
    let (now, store) = (time(&redis), store(&tcp(&redis), Start::New));
    let used = record(1, 1, now);
    assert_eq!(store.put_if_absent(used, now).await.unwrap(), Recorded::Fresh);
    redis.command(&["flushall"]);
    is_cold(&store, used, now).await;
}

#[tokio::test]
async fn a_redis_that_was_started_again_is_cold_even_if_it_kept_something() {
    for persistence in [&[][..], &["--appendonly", "yes", "--appendfsync", "always"]] {
        let redis = RedisServer::start_with(persistence, &[]);
        let (now, store) = (time(&redis), store(&tcp(&redis), Start::New));
        let (used, other) = (record(1, 1, now), record(2, 1, now));
        assert_eq!(store.put_if_absent(used, now).await.unwrap(), Recorded::Fresh);
        redis.kill();
        assert!(store.put_if_absent(used, now).await.is_err());
        redis.resume();
        let told = loop {
            if let Ok(told) = store.put_if_absent(used, now).await {
                break told;
            }
            tokio::task::yield_now().await;
        };
        let kept = !persistence.is_empty();
        assert_eq!(told, if kept { Recorded::Seen } else { Recorded::Cold });
        is_cold(&store, other, now).await;
    }
}

#[tokio::test]
async fn a_server_that_took_the_place_of_another_is_cold() {
    let redis = RedisGroup::start();
    let (now, store) = (time(&redis.master), store(&sentinel(&redis), Start::New));
    let used = record(1, 1, now);
    assert_eq!(store.put_if_absent(used, now).await.unwrap(), Recorded::Fresh);
    // As replication that lags: the new master does not have the record.
    redis.replica.command(&["replicaof", "no", "one"]);
    redis.master.kill();
    redis.until_failed_over();
    let found = async {
        while store.put_if_absent(record(9, 9, now), now).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(6 * PATIENCE, found).await.unwrap();
    is_cold(&store, record(2, 1, now), now).await;
}

#[tokio::test]
async fn a_record_ends_with_its_proof_and_a_clock_that_was_ahead_loses_none() {
    let redis = RedisServer::start();
    let (now, store) = (time(&redis), store(&tcp(&redis), Start::New));
    store.put_if_absent(record(1, 1, now), now).await.unwrap();
    // This node's clock is an hour ahead for a moment; the proof will be valid again when it is back.
    store.put_if_absent(record(2, 2, now + 3600), now + 3600).await.unwrap();
    // And then an hour behind.
    store.put_if_absent(record(3, 3, now - 3600), now - 3600).await.unwrap();
    let lives: Vec<i64> = redis
        .command(&["--scan", "--pattern", "keybound:replay:*"])
        .lines()
        .filter(|key| redis.command(&["type", key]) == "string" && !key.ends_with(":m"))
        .map(|key| redis.command(&["ttl", key]).parse().unwrap())
        .collect();
    let mut lives = lives;
    lives.sort_unstable();
    assert_eq!(lives.len(), 3);
    for (life, expected) in lives.iter().zip([REACH, REACH, REACH + 3600]) {
        assert!((expected - 60..=expected + 2).contains(life), "{lives:?}");
    }
}

#[tokio::test]
async fn a_longer_reach_revives_no_proof_whose_record_has_ended() {
    let redis = RedisServer::start();
    let now = time(&redis);
    let settings = |reach| RedisReplaySettings {
        instance: [7; 16],
        max_entries_per_key: 100,
        reach,
        leeway: LEEWAY,
        start: Start::New,
    };
    let short = with(&tcp(&redis), settings(70));
    assert_eq!(short.put_if_absent(record(1, 1, now), now).await.unwrap(), Recorded::Fresh);
    let long = with(&tcp(&redis), settings(REACH));
    assert_eq!(long.put_if_absent(record(2, 1, now - 71), now).await.unwrap(), Recorded::Cold);
    assert_eq!(long.put_if_absent(record(3, 1, now - 70), now).await.unwrap(), Recorded::Fresh);
}

#[tokio::test]
async fn a_redis_that_is_full_is_full_and_gives_up_nothing() {
    let redis = RedisServer::start();
    let (now, store) = (time(&redis), store(&tcp(&redis), Start::New));
    assert_eq!(store.put_if_absent(record(1, 1, now), now).await.unwrap(), Recorded::Fresh);
    redis.command(&["config", "set", "maxmemory", "1"]);
    assert_eq!(store.put_if_absent(record(2, 1, now), now).await.unwrap(), Recorded::Full);
    assert_eq!(store.put_if_absent(record(1, 1, now), now).await.unwrap(), Recorded::Seen);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_a_fault_within_the_bound_and_then_known_again() {
    let redis = RedisServer::start();
    let settings = RedisSettings {
        send_timeout: Duration::from_millis(100),
        read_timeout: Duration::from_millis(100),
        ..tcp(&redis)
    };
    let (now, store) = (time(&redis), store(&settings, Start::New));
    assert_eq!(store.put_if_absent(record(1, 1, now), now).await.unwrap(), Recorded::Fresh);
    redis.freeze(true);
    let calls = (0..500).map(|id| store.put_if_absent(record(10 + id, 1, now), now));
    for told in tokio::time::timeout(PATIENCE, futures_util::future::join_all(calls)).await.unwrap() {
        assert!(told.is_err());
    }
    redis.freeze(false);
    let told = loop {
        if let Ok(told) = store.put_if_absent(record(1, 1, now), now).await {
            break told;
        }
        tokio::task::yield_now().await;
    };
    // It is the same server with all it knew.
    assert_eq!(told, Recorded::Seen);
}

#[tokio::test]
async fn a_user_without_the_right_to_ask_for_the_run_is_a_fault_that_says_so() {
    let user = "--user default off --user keybound on >s3cret ~* +@all -info";
    let redis = RedisServer::start_with(
        &user.split(' ').collect::<Vec<_>>(),
        &["--user", "keybound", "-a", "s3cret"],
    );
    let settings = RedisSettings {
        username: Some("keybound".to_owned()),
        password: Some("s3cret".to_owned()),
        ..tcp(&redis)
    };
    let fault = store(&settings, Start::New).put_if_absent(record(1, 1, 1), 1).await.unwrap_err();
    assert!(fault.0.contains("info"), "{fault}");
}

//! What every store of shared values does, asked of each engine, and of Redis in each of its forms.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod redis_lab;

use std::sync::Arc;
use std::time::Duration;

use keybound_store::redis::{RedisClients, RedisSettings, RedisTls};
use keybound_store::shared::{MemoryShared, RedisShared, SharedStore};
use keybound_suites::{RedisCluster, RedisGroup, RedisServer};

use redis_lab::{PATIENCE, clients, cluster, sentinel, tcp, trusting, unix};

const LONG: Duration = Duration::from_secs(1000);

fn store(clients: &RedisClients, settings: &RedisSettings) -> RedisShared {
    RedisShared::new(clients.client(settings))
}

/// What holds for every engine.
async fn conforms(store: &dyn SharedStore) {
    assert_eq!(store.get("a").await.unwrap(), None);
    store.put("a", b"1\0\xff", LONG).await.unwrap();
    assert_eq!(store.get("a").await.unwrap().unwrap(), b"1\0\xff");
    assert!(!store.put_if_absent("a", b"2", LONG).await.unwrap());
    store.put("a", b"2", LONG).await.unwrap();
    assert_eq!(store.get("a").await.unwrap().unwrap(), b"2");
    store.delete("a").await.unwrap();
    store.delete("a").await.unwrap();
    assert_eq!(store.get("a").await.unwrap(), None);
    assert!(store.put_if_absent("a", b"", LONG).await.unwrap());
    assert_eq!(store.get("a").await.unwrap().unwrap(), b"");
    store.put("short", b"1", Duration::from_nanos(1)).await.unwrap();
    while store.get("short").await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert!(store.put_if_absent("short", b"2", LONG).await.unwrap());
    store.put("long", b"1", Duration::MAX).await.unwrap();
    assert!(store.get("long").await.unwrap().is_some());
    // Of any number of calls at once, one writes.
    let calls = (0..50).map(|_| store.put_if_absent("once", b"1", LONG));
    let wrote = futures_util::future::join_all(calls).await;
    assert_eq!(wrote.into_iter().filter(|wrote| *wrote.as_ref().unwrap()).count(), 1);
    // Many keys, which in a cluster are on all nodes.
    for key in 0..50 {
        store.put(&format!("many {key}"), b"1", LONG).await.unwrap();
    }
    for key in 0..50 {
        assert!(store.get(&format!("many {key}")).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&MemoryShared::new(100, 100_000)).await;
}

#[tokio::test]
async fn one_server_conforms() {
    let redis = RedisServer::start();
    conforms(&store(&clients(), &tcp(&redis))).await;
}

#[tokio::test]
async fn one_server_by_its_unix_socket_conforms() {
    let redis = RedisServer::start();
    conforms(&store(&clients(), &unix(&redis))).await;
}

#[tokio::test]
async fn a_cluster_conforms() {
    let redis = RedisCluster::start();
    conforms(&store(&clients(), &cluster(&redis))).await;
}

#[tokio::test]
async fn a_cluster_whose_slots_move_is_followed() {
    let redis = RedisCluster::start();
    let store = store(&clients(), &cluster(&redis));
    store.put("foo", b"1", LONG).await.unwrap();
    // Slot 12182 is that of `foo`, and the third node's. It moves to the first.
    let (from, to) = (&redis.nodes[2], &redis.nodes[0]);
    let (from_id, to_id) = (from.command(&["cluster", "myid"]), to.command(&["cluster", "myid"]));
    to.command(&["cluster", "setslot", "12182", "importing", &from_id]);
    from.command(&["cluster", "setslot", "12182", "migrating", &to_id]);
    let port = to.port.to_string();
    assert_eq!(from.command(&["migrate", "127.0.0.1", &port, "foo", "0", "5000"]), "OK");
    // Asked for on the way.
    assert_eq!(store.get("foo").await.unwrap().unwrap(), b"1");
    for node in [to, from, &redis.nodes[1]] {
        node.command(&["cluster", "setslot", "12182", "node", &to_id]);
    }
    assert_eq!(store.get("foo").await.unwrap().unwrap(), b"1");
    store.put("foo", b"2", LONG).await.unwrap();
    assert_eq!(to.command(&["get", "foo"]), "2");
}

#[tokio::test]
async fn the_server_that_a_sentinel_names_conforms_and_another_takes_its_place() {
    let redis = RedisGroup::start();
    let store = store(&clients(), &sentinel(&redis));
    conforms(&store).await;
    redis.master.command(&["wait", "1", "5000"]);
    redis.master.kill();
    redis.until_failed_over();
    let wrote = async {
        // The client leaves what failed alone for a moment.
        while store.put("b", b"1", LONG).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(6 * PATIENCE, wrote).await.unwrap();
    assert_eq!(redis.replica.command(&["get", "b"]), "1");
    assert_eq!(store.get("once").await.unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn a_user_of_an_access_list_gets_in_and_no_other() {
    let user: Vec<_> = "--user default off --user keybound on >s3cret ~kb:* +@all".split(' ').collect();
    let redis = RedisServer::start_with(&user, &["--user", "keybound", "-a", "s3cret"]);
    let login = |name: &str, password: &str| RedisSettings {
        username: Some(name.to_owned()),
        password: Some(password.to_owned()),
        ..tcp(&redis)
    };
    let right = store(&clients(), &login("keybound", "s3cret"));
    right.put("kb:a", b"1", LONG).await.unwrap();
    let fault = right.put("other", b"1", LONG).await.unwrap_err();
    assert!(fault.0.contains("permissions"), "{fault}");
    // A refusal is no broken connection.
    assert!(right.get("kb:a").await.unwrap().is_some());
    for settings in [login("keybound", "wrong"), login("nobody", "s3cret"), tcp(&redis)] {
        assert!(store(&clients(), &settings).get("kb:a").await.is_err());
    }
}

fn certificate(name: &str) -> (rcgen::Certificate, rcgen::KeyPair, rcgen::Certificate) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec![]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    (parameters.signed_by(&key, &issuer).unwrap(), key, authority)
}

#[tokio::test]
async fn over_tls_the_certificate_must_be_of_an_authority_and_for_the_name() {
    let (certificate, key, authority) = certificate("redis.test");
    let redis = RedisServer::start_with_tls(&certificate.pem(), &key.serialize_pem(), &[]);
    let named = |name: Option<&str>| RedisSettings {
        tls: Some(RedisTls { verify: true, server_name: name.map(str::to_owned) }),
        ..tcp(&redis)
    };
    let trusting = trusting(Some(authority.der().clone()));
    conforms(&store(&trusting, &named(Some("redis.test")))).await;
    for (clients, settings) in [
        (&trusting, named(None)),
        (&trusting, named(Some("other.test"))),
        (&clients(), named(Some("redis.test"))),
        (&trusting, tcp(&redis)),
    ] {
        assert!(store(clients, &settings).get("a").await.is_err(), "{settings:?}");
    }
}

#[tokio::test]
async fn equal_settings_share_a_client() {
    let redis = RedisServer::start();
    let clients = clients();
    let (one, two) = (clients.client(&tcp(&redis)), clients.client(&tcp(&redis)));
    assert!(Arc::ptr_eq(&one, &two));
    let other = RedisSettings { database: 1, ..tcp(&redis) };
    assert!(!Arc::ptr_eq(&one, &clients.client(&other)));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_fault_within_the_bound() {
    let redis = RedisServer::start();
    let settings = RedisSettings {
        send_timeout: Duration::from_millis(100),
        read_timeout: Duration::from_millis(100),
        ..tcp(&redis)
    };
    let store = store(&clients(), &settings);
    store.put("a", b"1", LONG).await.unwrap();
    redis.freeze(true);
    let calls = (0..1000).map(|_| store.get("a"));
    for answer in tokio::time::timeout(PATIENCE, futures_util::future::join_all(calls)).await.unwrap() {
        assert!(answer.is_err());
    }
    redis.freeze(false);
    let answered = async {
        while store.get("a").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let redis = RedisServer::start();
    let store = store(&clients(), &tcp(&redis));
    store.put("a", b"1", LONG).await.unwrap();
    redis.kill();
    assert!(store.get("a").await.is_err());
    redis.resume();
    let answered = async {
        while store.get("a").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}

#[tokio::test]
async fn calls_from_many_threads_and_runtimes_do_not_meet() {
    let redis = RedisServer::start();
    let store = Arc::new(store(&clients(), &tcp(&redis)));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let key = format!("thread {number}");
                    store.put(&key, key.as_bytes(), LONG).await.unwrap();
                    assert_eq!(store.get(&key).await.unwrap().unwrap(), key.as_bytes());
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(store.get("thread 0").await.unwrap().is_some());
}

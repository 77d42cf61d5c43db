//! Several nodes on one PostgreSQL, and what they do while it is away.

use std::time::{Duration, Instant};

use keybound_model::entity::SERVICES;
use keybound_store::config::{ConfigStore as _, Key, StoreFault};
use keybound_store::postgres::PostgresStore;
use keybound_suites::PostgresServer;
use serde_json::json;
use tokio::sync::watch;

use crate::lab::{Home, any, insert, options, page, record};

/// Longer than anything here takes.
const EVER: Duration = Duration::from_secs(60);

/// Waits until the version is this one.
async fn heard(changes: &mut watch::Receiver<u64>, version: u64) {
    tokio::time::timeout(EVER, changes.wait_for(|seen| *seen == version)).await.expect("in time").unwrap();
}

#[tokio::test]
async fn a_write_of_one_node_is_heard_by_all() {
    let home = Home::postgres();
    let (one, two) = (home.open(None).await.unwrap(), home.open(None).await.unwrap());
    let (mut at_one, mut at_two) = (one.changes().unwrap(), two.changes().unwrap());
    for version in 1..=5 {
        let (writer, name) = (if version % 2 == 0 { &one } else { &two }, format!("s{version}"));
        let service = record(&SERVICES, json!({"name": name, "host": "h"}));
        let started = Instant::now();
        writer.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
        heard(&mut at_one, version).await;
        heard(&mut at_two, version).await;
        eprintln!("version {version}: heard by both after {:.1?}", started.elapsed());
        for node in [&one, &two] {
            assert!(node.find(&SERVICES, &Key::Unique("name", name.clone())).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_write_that_is_refused_is_not_heard() {
    let home = Home::postgres();
    let (one, two) = (home.open(None).await.unwrap(), home.open(None).await.unwrap());
    let mut changes = two.changes().unwrap();
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    let refused = one.apply(vec![insert(&SERVICES, &service)], &|_| Err("no".into())).await;
    assert!(refused.is_err());
    one.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    heard(&mut changes, 1).await;
}

#[tokio::test]
async fn schemas_of_one_database_do_not_hear_of_each_other() {
    let (here, there) = (Home::postgres(), Home::postgres());
    let (one, other) = (here.open(None).await.unwrap(), there.open(None).await.unwrap());
    let mut changes = one.changes().unwrap();
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    for _ in 0..3 {
        let service = record(&SERVICES, json!({"host": "h"}));
        other.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    }
    one.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    heard(&mut changes, 1).await;
    assert_eq!(one.load().await.unwrap().configuration.services.len(), 1);
}

#[tokio::test]
async fn a_notification_that_was_lost_is_made_up_for_by_looking() {
    let Home::Postgres(mut options) = Home::postgres() else { unreachable!() };
    options.poll = Duration::from_millis(50);
    let store = PostgresStore::open(options.clone(), None).await.unwrap();
    let mut changes = store.changes().unwrap();
    heard(&mut changes, 0).await;
    // Nobody is told of this.
    Home::Postgres(options).sql("UPDATE version SET number = 7").await.unwrap();
    heard(&mut changes, 7).await;
}

#[tokio::test]
async fn a_server_that_was_away_is_reached_again_and_nothing_is_missed() {
    let server = PostgresServer::start();
    let mut options = options(&server, "away");
    options.timeout = Duration::from_secs(2);
    let (one, two) = (
        PostgresStore::open(options.clone(), None).await.unwrap(),
        PostgresStore::open(options.clone(), None).await.unwrap(),
    );
    let mut changes = two.changes().unwrap();
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    one.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    heard(&mut changes, 1).await;

    server.kill();
    let second = record(&SERVICES, json!({"name": "b", "host": "h"}));
    for fault in [
        one.apply(vec![insert(&SERVICES, &second)], &any).await.unwrap_err(),
        one.list(&SERVICES, &page(1)).await.unwrap_err(),
        two.load().await.unwrap_err(),
    ] {
        assert!(matches!(fault, StoreFault::Unreachable(_)), "{fault:?}");
    }
    let refused = PostgresStore::open(options, None).await.err().unwrap();
    assert!(matches!(refused, StoreFault::Unreachable(_)), "{refused:?}");

    server.resume();
    assert_eq!(one.apply(vec![insert(&SERVICES, &second)], &any).await, Ok(2));
    heard(&mut changes, 2).await;
    assert_eq!(two.load().await.unwrap().configuration.services.len(), 2);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let server = PostgresServer::start();
    let mut options = options(&server, "frozen");
    options.timeout = Duration::from_millis(500);
    let store = PostgresStore::open(options, None).await.unwrap();
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    server.freeze(true);
    let fault =
        tokio::time::timeout(EVER, store.list(&SERVICES, &page(1))).await.expect("in time").unwrap_err();
    assert!(matches!(fault, StoreFault::Unreachable(_)), "{fault:?}");
    server.freeze(false);
    let again = record(&SERVICES, json!({"name": "b", "host": "h"}));
    let mut done = store.apply(vec![insert(&SERVICES, &again)], &any).await;
    // Half a second is not much for a server that has just woken up.
    while matches!(done, Err(StoreFault::Unreachable(_))) {
        done = store.apply(vec![insert(&SERVICES, &again)], &any).await;
    }
    assert_eq!(done, Ok(2));
}

#[tokio::test]
async fn a_wrong_password_and_a_bad_schema_are_named() {
    let options = options(PostgresServer::shared(), "public");
    let wrong =
        keybound_store::postgres::PostgresOptions { password: Some("wrong".into()), ..options.clone() };
    let fault = PostgresStore::open(wrong, None).await.err().unwrap().to_string();
    assert!(fault.contains("password authentication failed") && fault.contains("127.0.0.1"), "{fault}");
    let bad = keybound_store::postgres::PostgresOptions { schema: Some("a\"b".into()), ..options };
    let fault = PostgresStore::open(bad, None).await.err().unwrap().to_string();
    assert!(
        fault.ends_with("is not a schema's name: letters, digits and '_', 48 of them at most"),
        "{fault}"
    );
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use keybound_model::Record;
use keybound_model::entity::SERVICES;
use keybound_store::config::{ConfigStore, StoreFault};
use serde_json::json;

use crate::lab::{Home, Lab, any, id, insert, record, with};

/// Writers at once.
const WRITERS: usize = 8;

each_database! {
    of_concurrent_writers_of_one_name_exactly_one_succeeds,
}

async fn of_concurrent_writers_of_one_name_exactly_one_succeeds(lab: Lab) {
    let records: Vec<Record> =
        (0..WRITERS).map(|_| record(&SERVICES, json!({"name": "a", "host": "h"}))).collect();
    let writes = records.iter().map(|record| lab.store.apply(vec![insert(&SERVICES, record)], &any));
    let results = futures_util::future::join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().all(|result| matches!(result, Ok(1) | Err(StoreFault::Unique { .. }))),
        "{results:?}"
    );
}

/// Each writer is a node of its own: its own connections, its own queue. All of them count up one record, reading it first
/// and trying again when somebody was faster, and each adds a record of its own every time.
///
/// `KEYBOUND_WRITERS_SECONDS=60` lets them go on for that long instead of 50 writes each.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_writers_on_several_nodes_no_write_is_lost() {
    let seconds = std::env::var("KEYBOUND_WRITERS_SECONDS").ok().and_then(|text| text.parse().ok());
    let home = Home::postgres();
    let first = home.open(None).await.unwrap();
    let counter = record(&SERVICES, json!({"name": "counter", "host": "h", "retries": 0, "tags": ["0"]}));
    first.apply(vec![insert(&SERVICES, &counter)], &any).await.unwrap();

    let started = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..WRITERS {
        let (node, counter) = (home.open(None).await.unwrap(), counter.clone());
        writers.spawn(async move {
            let goes_on = |done: usize| match seconds {
                Some(seconds) => started.elapsed() < Duration::from_secs(seconds),
                None => done < 50,
            };
            let (mut done, mut again) = (0, 0);
            while goes_on(done) {
                again += count_up(&node, &counter, &format!("w{number}-{done}")).await;
                done += 1;
            }
            node.close().await;
            (done, again)
        });
    }
    let done: Vec<(usize, usize)> = writers.join_all().await;
    let (writes, again): (usize, usize) =
        (done.iter().map(|(done, _)| done).sum(), done.iter().map(|(_, again)| again).sum());

    let counted =
        first.find(&SERVICES, &keybound_store::config::Key::Id(id(&counter))).await.unwrap().unwrap();
    assert_eq!(counted["tags"][0], writes.to_string(), "every count is there");
    let versioned = first.load().await.unwrap();
    assert_eq!(versioned.version, writes as u64 + 1, "every write has a version of its own");
    assert_eq!(versioned.configuration.services.len(), writes + 1, "every record is there");
    assert!(writes >= WRITERS * if seconds.is_some() { 1 } else { 50 });
    eprintln!(
        "{WRITERS} writers: {writes} writes, {again} attempts came too late and were made again, {:.1?}",
        started.elapsed()
    );
}

/// Counts up once, however often somebody else is faster; answers how often that was.
async fn count_up(node: &Arc<dyn ConfigStore>, counter: &Record, name: &str) -> usize {
    let own = record(&SERVICES, json!({"name": name, "host": "h"}));
    let mut again = 0;
    loop {
        let key = keybound_store::config::Key::Id(id(counter));
        let read = node.find(&SERVICES, &key).await.unwrap().unwrap();
        let count: u64 = read["tags"][0].as_str().unwrap().parse().unwrap();
        let changes =
            vec![insert(&SERVICES, &own), with(&SERVICES, &read, "tags", json!([(count + 1).to_string()]))];
        match node.apply(changes, &any).await {
            Ok(_) => return again,
            Err(StoreFault::Changed) => again += 1,
            Err(fault) => panic!("{fault}"),
        }
    }
}

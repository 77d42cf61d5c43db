//! What every configuration store does, asked of each engine that can be written.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use keybound_model::catalog::NoPlugins;
use keybound_model::entity::{Descriptor, Fresh, ROUTES, SERVICES};
use keybound_model::tags::TagFilter;
use keybound_model::{Configuration, Record};
use keybound_store::config::{Change, ConfigStore, Key, Query, StoreFault};
use keybound_store::memory::MemoryStore;
use keybound_store::sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

struct Lab {
    store: SqliteStore,
    folder: tempfile::TempDir,
}

async fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    Lab { store: SqliteStore::open(&folder.path().join("keybound.db")).await.unwrap(), folder }
}

fn record(entity: &Descriptor, body: Value) -> Record {
    let fresh = Fresh::new(Uuid::new_v4(), 1000);
    entity.validate_insert(body.as_object().unwrap().clone(), fresh, &NoPlugins).unwrap()
}

fn id(record: &Record) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

fn insert(entity: &'static Descriptor, record: &Record) -> Change {
    Change::Insert { entity, record: record.clone() }
}

fn any(_: &Configuration) -> Result<(), String> {
    Ok(())
}

fn page(size: usize) -> Query {
    Query { size, ..Query::default() }
}

#[tokio::test]
async fn a_record_is_found_by_id_and_by_name_until_it_is_deleted() {
    let lab = lab().await;
    let store = &lab.store;
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    let by_name = Key::Unique("name", "a".into());
    assert_eq!(store.find(&SERVICES, &Key::Id(id(&service))).await.unwrap().as_ref(), Some(&service));
    assert_eq!(store.find(&SERVICES, &by_name).await.unwrap().as_ref(), Some(&service));
    assert_eq!(store.find(&ROUTES, &by_name).await.unwrap(), None);
    store.apply(vec![Change::Delete { entity: &SERVICES, id: id(&service) }], &any).await.unwrap();
    assert_eq!(store.find(&SERVICES, &by_name).await.unwrap(), None);
}

#[tokio::test]
async fn ids_names_and_references_hold() {
    let lab = lab().await;
    let store = &lab.store;
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    let again = store.apply(vec![insert(&SERVICES, &service)], &any).await;
    assert_eq!(again, Err(StoreFault::PrimaryKey { id: id(&service) }));
    let twin = record(&SERVICES, json!({"name": "a", "host": "other"}));
    let fault = store.apply(vec![insert(&SERVICES, &twin)], &any).await.unwrap_err();
    assert_eq!(fault.to_string(), "UNIQUE violation detected on '{name=\"a\"}'");
    let nowhere = Uuid::new_v4();
    let orphan = record(&ROUTES, json!({"paths": ["/"], "service": {"id": nowhere.to_string()}}));
    let fault = store.apply(vec![insert(&ROUTES, &orphan)], &any).await.unwrap_err();
    assert_eq!(fault, StoreFault::MissingParent { field: "service", parent: "services", id: nowhere });
    let route = record(&ROUTES, json!({"paths": ["/"], "service": {"id": service["id"]}}));
    store.apply(vec![insert(&ROUTES, &route)], &any).await.unwrap();
    let fault =
        store.apply(vec![Change::Delete { entity: &SERVICES, id: id(&service) }], &any).await.unwrap_err();
    assert_eq!(fault, StoreFault::Referenced { entity: "services", referrer: "routes" });
    assert_eq!(store.load().await.unwrap().configuration.routes.len(), 1);
}

#[tokio::test]
async fn all_changes_of_a_write_are_applied_or_none() {
    let lab = lab().await;
    let store = &lab.store;
    let (a, b) = (
        record(&SERVICES, json!({"name": "a", "host": "h"})),
        record(&SERVICES, json!({"name": "a", "host": "h"})),
    );
    assert!(store.apply(vec![insert(&SERVICES, &a), insert(&SERVICES, &b)], &any).await.is_err());
    let versioned = store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (0, 0));
}

#[tokio::test]
async fn a_write_that_could_not_serve_is_rolled_back() {
    let lab = lab().await;
    let store = &lab.store;
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    let check = |configuration: &Configuration| {
        assert_eq!(configuration.services.len(), 1, "the check sees what the write leads to");
        Err("no".to_owned())
    };
    let got = store.apply(vec![insert(&SERVICES, &service)], &check).await;
    assert_eq!(got, Err(StoreFault::Rejected("no".into())));
    assert_eq!(store.load().await.unwrap().configuration.services.len(), 0);
}

#[tokio::test]
async fn a_record_that_changed_since_it_was_read_is_not_overwritten() {
    let lab = lab().await;
    let store = &lab.store;
    let first = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &first)], &any).await.unwrap();
    let changed = |host: &str| {
        let mut record = first.clone();
        record.insert("host".into(), host.into());
        Change::Replace { entity: &SERVICES, previous: first.clone(), record }
    };
    assert_eq!(store.apply(vec![changed("one")], &any).await, Ok(2));
    assert_eq!(store.apply(vec![changed("two")], &any).await, Err(StoreFault::Changed));
    let kept = store.find(&SERVICES, &Key::Id(id(&first))).await.unwrap().unwrap();
    assert_eq!(kept["host"], "one");
}

#[tokio::test]
async fn of_concurrent_writers_of_one_name_exactly_one_succeeds() {
    let lab = lab().await;
    let store = &lab.store;
    let records: Vec<Record> = (0..8).map(|_| record(&SERVICES, json!({"name": "a", "host": "h"}))).collect();
    let writes = records.iter().map(|record| store.apply(vec![insert(&SERVICES, record)], &any));
    let results = futures_util::future::join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_list_goes_page_by_page_with_tags_and_parents() {
    let lab = lab().await;
    let store = &lab.store;
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    for number in 0..5 {
        let tags = if number % 2 == 0 { json!(["even"]) } else { json!(["odd"]) };
        let parent = if number < 3 { json!({"id": service["id"]}) } else { Value::Null };
        let route =
            record(&ROUTES, json!({"paths": [format!("/{number}")], "tags": tags, "service": parent}));
        store.apply(vec![insert(&ROUTES, &route)], &any).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut query = page(2);
    loop {
        let page = store.list(&ROUTES, &query).await.unwrap();
        assert!(page.records.len() <= 2);
        seen.extend(page.records.iter().map(id));
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    let even = Query { tags: Some(TagFilter::parse("even").unwrap()), ..page(100) };
    assert_eq!(store.list(&ROUTES, &even).await.unwrap().records.len(), 3);
    let nested = Query { parent: Some(("service", id(&service))), ..page(100) };
    assert_eq!(store.list(&ROUTES, &nested).await.unwrap().records.len(), 3);
    let exact = store.list(&ROUTES, &page(5)).await.unwrap();
    assert_eq!(exact.next, None, "a full last page is the last page");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_for_the_owner_only() {
    let Lab { store, folder } = lab().await;
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    store.apply(vec![insert(&SERVICES, &service)], &any).await.unwrap();
    store.close().await;
    let file = folder.path().join("keybound.db");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let store = SqliteStore::open(&file).await.unwrap();
    let versioned = store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (1, 1));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keybound.db");
    std::fs::write(&file, "not a database, but a text that is long enough to be read as one").unwrap();
    let fault = SqliteStore::open(&file).await.err().unwrap().to_string();
    assert!(fault.contains(&file.display().to_string()), "{fault}");
}

#[tokio::test]
async fn a_declarative_configuration_is_read_like_any_other_and_takes_no_writes() {
    let store = MemoryStore::default();
    let services: Vec<Record> =
        (0..3).map(|number| record(&SERVICES, json!({"name": format!("s{number}"), "host": "h"}))).collect();
    let records = services.iter().map(|record| ("services", record));
    let configuration = Configuration::from_records(records).unwrap();
    let version = store.replace([("services", services.clone())].into(), configuration);
    assert_eq!(store.load().await.unwrap().version, version);
    assert!(store.find(&SERVICES, &Key::Unique("name", "s1".into())).await.unwrap().is_some());
    let first = store.list(&SERVICES, &page(2)).await.unwrap();
    let rest = store.list(&SERVICES, &Query { after: first.next, ..page(2) }).await.unwrap();
    assert_eq!((first.records.len(), rest.records.len(), rest.next), (2, 1, None));
    let write = store.apply(vec![Change::Delete { entity: &SERVICES, id: id(&services[0]) }], &any).await;
    assert_eq!(write, Err(StoreFault::ReadOnly));
}

use keybound_model::entity::{ROUTES, SERVICES};
use keybound_model::tags::TagFilter;
use keybound_model::{Configuration, Record};
use keybound_store::config::{Change, ConfigStore as _, Key, Query, StoreFault};
use keybound_store::memory::MemoryStore;
use serde_json::json;

use crate::lab::{any, id, page, record};

fn filled() -> (MemoryStore, Vec<Record>, u64) {
    let store = MemoryStore::default();
    let tags = [json!(["x"]), json!(["x", "y"]), json!(["y"])];
    let services: Vec<Record> = (0..)
        .zip(tags)
        .map(|(number, tags)| {
            record(&SERVICES, json!({"name": format!("s{number}"), "host": "h", "tags": tags}))
        })
        .collect();
    let route = record(&ROUTES, json!({"paths": ["/"], "service": {"id": services[0]["id"]}}));
    let records = services.iter().map(|record| ("services", record)).chain([("routes", &route)]);
    let configuration = Configuration::from_records(records).unwrap();
    let version =
        store.replace([("services", services.clone()), ("routes", vec![route])].into(), configuration);
    (store, services, version)
}

#[tokio::test]
async fn a_declarative_configuration_is_found_like_any_other() {
    let (store, services, version) = filled();
    let versioned = store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (version, 3));
    for key in [Key::Unique("name", "s1".into()), Key::Id(id(&services[1]))] {
        assert_eq!(store.find(&SERVICES, &key).await.unwrap().as_ref(), Some(&services[1]));
        assert_eq!(store.find(&ROUTES, &key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_declarative_configuration_is_listed_like_any_other() {
    let (store, services, _) = filled();
    let first = store.list(&SERVICES, &page(2)).await.unwrap();
    let rest = store.list(&SERVICES, &Query { after: first.next, ..page(2) }).await.unwrap();
    assert_eq!((first.records.len(), rest.records.len(), rest.next), (2, 1, None));
    assert!(first.records.iter().chain(&rest.records).map(id).is_sorted());
    for (filter, count) in [("x", 2), ("x,y", 1), ("x/y", 3), ("z", 0)] {
        let query = Query { tags: Some(TagFilter::parse(filter).unwrap()), ..page(100) };
        assert_eq!(store.list(&SERVICES, &query).await.unwrap().records.len(), count, "{filter}");
    }
    for (service, count) in [(&services[0], 1), (&services[1], 0)] {
        let query = Query { parent: Some(("service", id(service))), ..page(100) };
        assert_eq!(store.list(&ROUTES, &query).await.unwrap().records.len(), count);
    }
}

#[tokio::test]
async fn a_declarative_configuration_takes_no_writes() {
    let (store, services, version) = filled();
    let write = store.apply(vec![Change::Delete { entity: &SERVICES, id: id(&services[0]) }], &any).await;
    assert_eq!(write, Err(StoreFault::ReadOnly));
    assert_eq!(store.load().await.unwrap().version, version);
    assert!(!store.writable() && store.changes().is_none());
}

use keybound_model::entity::{ROUTES, SERVICES};
use keybound_model::tags::TagFilter;
use keybound_store::config::{ConfigStore, Key, Query};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::lab::{Lab, id, page};

each_database! {
    a_record_is_found_by_id_and_by_name_until_it_is_deleted,
    a_list_goes_page_by_page_in_the_order_of_ids,
    a_full_last_page_is_the_last_page,
    a_list_holds_the_records_with_all_or_any_of_the_tags,
    a_list_holds_the_children_of_a_parent,
    a_filtered_list_is_paged_like_any_other,
}

async fn a_record_is_found_by_id_and_by_name_until_it_is_deleted(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let by_name = Key::Unique("name", "a".into());
    assert_eq!(lab.get(&SERVICES, &service).await.as_ref(), Some(&service));
    assert_eq!(lab.store.find(&SERVICES, &by_name).await.unwrap().as_ref(), Some(&service));
    assert_eq!(lab.store.find(&ROUTES, &by_name).await.unwrap(), None);
    assert_eq!(lab.store.find(&SERVICES, &Key::Unique("name", "A".into())).await.unwrap(), None);
    assert_eq!(lab.store.find(&SERVICES, &Key::Unique("name", "a\0".into())).await.unwrap(), None);
    lab.delete(&SERVICES, &service).await.unwrap();
    assert_eq!(lab.store.find(&SERVICES, &by_name).await.unwrap(), None);
    assert_eq!(lab.get(&SERVICES, &service).await, None);
}

async fn a_list_goes_page_by_page_in_the_order_of_ids(lab: Lab) {
    for number in 0..5 {
        lab.add(&SERVICES, json!({"name": format!("s{number}"), "host": "h"})).await;
    }
    let seen = pages(&*lab.store, page(2)).await;
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted(), "{seen:?}");
}

async fn a_full_last_page_is_the_last_page(lab: Lab) {
    for number in 0..4 {
        lab.add(&SERVICES, json!({"name": format!("s{number}"), "host": "h"})).await;
    }
    let first = lab.store.list(&SERVICES, &page(2)).await.unwrap();
    assert_eq!(first.next, Some(id(&first.records[1])));
    let second = lab.store.list(&SERVICES, &Query { after: first.next, ..page(2) }).await.unwrap();
    assert_eq!((second.records.len(), second.next), (2, None));
}

async fn a_list_holds_the_records_with_all_or_any_of_the_tags(lab: Lab) {
    for (name, tags) in
        [("a", json!(["x"])), ("b", json!(["x", "y"])), ("c", json!(["y", "z"])), ("d", Value::Null)]
    {
        lab.add(&SERVICES, json!({"name": name, "host": "h", "tags": tags})).await;
    }
    for (filter, wanted) in
        [("x", &["a", "b"][..]), ("x,y", &["b"]), ("x/z", &["a", "b", "c"]), ("x,z", &[]), ("w", &[])]
    {
        let query = Query { tags: Some(TagFilter::parse(filter).unwrap()), ..page(100) };
        let records = lab.store.list(&SERVICES, &query).await.unwrap().records;
        let mut names: Vec<&str> = records.iter().map(|record| record["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, wanted, "{filter}");
    }
}

async fn a_list_holds_the_children_of_a_parent(lab: Lab) {
    let (one, two) = (
        lab.add(&SERVICES, json!({"name": "one", "host": "h"})).await,
        lab.add(&SERVICES, json!({"name": "two", "host": "h"})).await,
    );
    for (path, parent) in
        [("/1", json!({"id": one["id"]})), ("/2", json!({"id": one["id"]})), ("/3", Value::Null)]
    {
        lab.add(&ROUTES, json!({"paths": [path], "service": parent})).await;
    }
    for (service, wanted) in [(&one, 2), (&two, 0)] {
        let query = Query { parent: Some(("service", id(service))), ..page(100) };
        assert_eq!(lab.store.list(&ROUTES, &query).await.unwrap().records.len(), wanted);
    }
}

async fn a_filtered_list_is_paged_like_any_other(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "one", "host": "h"})).await;
    for number in 0..9 {
        let tags = if number % 3 == 0 { json!(["no"]) } else { json!(["yes"]) };
        lab.add(&ROUTES, json!({"paths": ["/"], "tags": tags, "service": {"id": service["id"]}})).await;
    }
    let query = Query {
        tags: Some(TagFilter::parse("yes").unwrap()),
        parent: Some(("service", id(&service))),
        ..page(2)
    };
    let mut seen = Vec::new();
    let mut query = query;
    loop {
        let page = lab.store.list(&ROUTES, &query).await.unwrap();
        seen.extend(page.records.iter().map(id));
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted(), "{seen:?}");
}

/// The ids of all pages of services.
async fn pages(store: &dyn ConfigStore, mut query: Query) -> Vec<Uuid> {
    let mut seen = Vec::new();
    loop {
        let page = store.list(&SERVICES, &query).await.unwrap();
        assert!(page.records.len() <= query.size);
        seen.extend(page.records.iter().map(id));
        query.after = page.next;
        if page.next.is_none() {
            return seen;
        }
    }
}

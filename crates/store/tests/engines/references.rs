use keybound_model::entity::{PLUGINS, ROUTES, SERVICES};
use keybound_store::config::StoreFault;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::lab::{Lab, any, with};

each_database! {
    a_reference_must_lead_to_a_record,
    a_change_must_not_lead_a_reference_to_nowhere,
    a_parent_that_is_referred_to_stays,
    children_that_cascade_go_with_their_parent,
    a_refused_delete_leaves_the_cascading_children,
}

async fn a_reference_must_lead_to_a_record(lab: Lab) {
    let nowhere = Uuid::new_v4();
    let orphan = json!({"paths": ["/"], "service": {"id": nowhere.to_string()}});
    let fault = lab.try_add(&ROUTES, orphan).await.unwrap_err();
    assert_eq!(fault, StoreFault::MissingParent { field: "service", parent: "services", id: nowhere });
    assert_eq!(lab.store.load().await.unwrap().version, 0);
}

async fn a_change_must_not_lead_a_reference_to_nowhere(lab: Lab) {
    let route = lab.add(&ROUTES, json!({"paths": ["/"]})).await;
    let nowhere = Uuid::new_v4();
    let change = with(&ROUTES, &route, "service", json!({"id": nowhere.to_string()}));
    let fault = lab.store.apply(vec![change], &any).await.unwrap_err();
    assert_eq!(fault, StoreFault::MissingParent { field: "service", parent: "services", id: nowhere });
    assert_eq!(lab.get(&ROUTES, &route).await, Some(route));
}

async fn a_parent_that_is_referred_to_stays(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let route = lab.add(&ROUTES, json!({"paths": ["/"], "service": {"id": service["id"]}})).await;
    let fault = lab.delete(&SERVICES, &service).await.unwrap_err();
    assert_eq!(fault, StoreFault::Referenced { entity: "services", referrer: "routes" });
    lab.store.apply(vec![with(&ROUTES, &route, "service", Value::Null)], &any).await.unwrap();
    lab.delete(&SERVICES, &service).await.unwrap();
    assert_eq!(lab.store.load().await.unwrap().configuration.routes.len(), 1);
}

async fn children_that_cascade_go_with_their_parent(lab: Lab) {
    let route = lab.add(&ROUTES, json!({"paths": ["/"]})).await;
    let plugin = lab.add(&PLUGINS, json!({"name": "p", "config": {}, "route": {"id": route["id"]}})).await;
    let everywhere = lab.add(&PLUGINS, json!({"name": "p", "config": {}})).await;
    lab.delete(&ROUTES, &route).await.unwrap();
    assert_eq!(lab.get(&PLUGINS, &plugin).await, None);
    assert!(lab.get(&PLUGINS, &everywhere).await.is_some());
    // What the plugin kept for itself is free again.
    let route = lab.add(&ROUTES, json!({"paths": ["/"]})).await;
    lab.add(&PLUGINS, json!({"name": "p", "config": {}, "route": {"id": route["id"]}})).await;
}

async fn a_refused_delete_leaves_the_cascading_children(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let to_it = json!({"id": service["id"]});
    let plugin = lab.add(&PLUGINS, json!({"name": "p", "config": {}, "service": to_it})).await;
    lab.add(&ROUTES, json!({"paths": ["/"], "service": to_it})).await;
    assert!(matches!(lab.delete(&SERVICES, &service).await, Err(StoreFault::Referenced { .. })));
    assert_eq!(lab.get(&PLUGINS, &plugin).await, Some(plugin));
}

use keybound_model::entity::{
    CA_CERTIFICATES, CONSUMER_GROUP_CONSUMERS, CONSUMER_GROUPS, CONSUMERS, PLUGINS, ROUTES, SERVICES,
};
use keybound_store::config::StoreFault;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::lab::{Lab, any, id, insert, with};

each_database! {
    a_reference_must_lead_to_a_record,
    a_change_must_not_lead_a_reference_to_nowhere,
    a_parent_that_is_referred_to_stays,
    children_that_cascade_go_with_their_parent,
    a_refused_delete_leaves_the_cascading_children,
    a_record_with_two_parents_goes_with_either,
    a_record_that_an_array_names_stays,
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
    let plugin = lab.add_plugin(&json!({"name": "p", "route": {"id": route["id"]}})).await;
    let everywhere = lab.add_plugin(&json!({"name": "p"})).await;
    lab.delete(&ROUTES, &route).await.unwrap();
    assert_eq!(lab.get(&PLUGINS, &plugin).await, None);
    assert!(lab.get(&PLUGINS, &everywhere).await.is_some());
    // What the plugin kept for itself is free again.
    let route = lab.add(&ROUTES, json!({"paths": ["/"]})).await;
    lab.add_plugin(&json!({"name": "p", "route": {"id": route["id"]}})).await;
}

async fn a_refused_delete_leaves_the_cascading_children(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let to_it = json!({"id": service["id"]});
    let plugin = lab.add_plugin(&json!({"name": "p", "service": to_it})).await;
    lab.add(&ROUTES, json!({"paths": ["/"], "service": to_it})).await;
    assert!(matches!(lab.delete(&SERVICES, &service).await, Err(StoreFault::Referenced { .. })));
    assert_eq!(lab.get(&PLUGINS, &plugin).await, Some(plugin));
}

async fn a_record_with_two_parents_goes_with_either(lab: Lab) {
    let group = lab.add(&CONSUMER_GROUPS, json!({"name": "gold"})).await;
    let (alice, bob) = (
        lab.add(&CONSUMERS, json!({"username": "alice"})).await,
        lab.add(&CONSUMERS, json!({"username": "bob"})).await,
    );
    for consumer in [&alice, &bob] {
        let member = json!({"consumer": {"id": consumer["id"]}, "consumer_group": {"id": group["id"]}});
        lab.add(&CONSUMER_GROUP_CONSUMERS, member.clone()).await;
        let twice = lab.try_add(&CONSUMER_GROUP_CONSUMERS, member).await;
        assert!(matches!(twice, Err(StoreFault::Unique { .. })), "{twice:?}");
    }
    lab.delete(&CONSUMERS, &alice).await.unwrap();
    assert_eq!(lab.store.load().await.unwrap().configuration.consumer_group_consumers.len(), 1);
    lab.delete(&CONSUMER_GROUPS, &group).await.unwrap();
    let configuration = lab.store.load().await.unwrap().configuration;
    assert_eq!((configuration.consumer_group_consumers.len(), configuration.consumers.len()), (0, 1));
}

async fn a_record_that_an_array_names_stays(lab: Lab) {
    let own = Uuid::new_v4().to_string();
    let authority = json!({
        "id": own, "cert": "PEM", "cert_digest": "d", "tags": null, "created_at": 1, "updated_at": 1,
    });
    let authority = authority.as_object().unwrap().clone();
    lab.store.apply(vec![insert(&CA_CERTIFICATES, &authority)], &any).await.unwrap();
    // One that only looks like it: the id stands in another field.
    lab.add(&SERVICES, json!({"name": format!("not-{own}"), "host": "h"})).await;
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    lab.store.apply(vec![with(&SERVICES, &service, "ca_certificates", json!([own]))], &any).await.unwrap();
    let fault = lab.delete(&CA_CERTIFICATES, &authority).await.unwrap_err();
    let wanted = format!("ca certificate {own} is still referenced by services (id = {})", id(&service));
    assert_eq!(fault, StoreFault::StillReferenced(wanted));
    lab.delete(&SERVICES, &service).await.unwrap();
    lab.delete(&CA_CERTIFICATES, &authority).await.unwrap();
}

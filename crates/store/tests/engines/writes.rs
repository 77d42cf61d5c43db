use keybound_model::Configuration;
use keybound_model::entity::{ROUTES, SERVICES};
use keybound_store::config::{Change, StoreFault};
use serde_json::json;
use uuid::Uuid;

use crate::lab::{Lab, any, id, insert, record, with};

each_database! {
    an_id_is_taken_once,
    a_record_is_replaced_as_a_whole,
    a_record_that_changed_since_it_was_read_is_not_overwritten,
    a_record_that_is_gone_is_not_replaced,
    all_changes_of_a_write_are_applied_or_none,
    changes_of_one_write_see_each_other,
    a_write_that_could_not_serve_is_rolled_back,
    the_version_grows_by_one_with_each_write_that_is_made,
    what_was_written_is_there_after_a_restart,
}

async fn an_id_is_taken_once(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let again = lab.store.apply(vec![insert(&SERVICES, &service)], &any).await;
    assert_eq!(again, Err(StoreFault::PrimaryKey { id: id(&service) }));
}

async fn a_record_is_replaced_as_a_whole(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    lab.store.apply(vec![with(&SERVICES, &service, "name", "b")], &any).await.unwrap();
    assert_eq!(lab.get(&SERVICES, &service).await.unwrap()["name"], "b");
    lab.add(&SERVICES, json!({"name": "a", "host": "free.again"})).await;
}

async fn a_record_that_changed_since_it_was_read_is_not_overwritten(lab: Lab) {
    let first = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    assert_eq!(lab.store.apply(vec![with(&SERVICES, &first, "host", "one")], &any).await, Ok(2));
    let lost = lab.store.apply(vec![with(&SERVICES, &first, "host", "two")], &any).await;
    assert_eq!(lost, Err(StoreFault::Changed));
    assert_eq!(lab.get(&SERVICES, &first).await.unwrap()["host"], "one");
}

async fn a_record_that_is_gone_is_not_replaced(lab: Lab) {
    let first = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    lab.delete(&SERVICES, &first).await.unwrap();
    let lost = lab.store.apply(vec![with(&SERVICES, &first, "host", "two")], &any).await;
    assert_eq!(lost, Err(StoreFault::Changed));
    assert_eq!(lab.get(&SERVICES, &first).await, None);
}

async fn all_changes_of_a_write_are_applied_or_none(lab: Lab) {
    let kept = lab.add(&SERVICES, json!({"name": "kept", "host": "h"})).await;
    let (a, b) = (
        record(&SERVICES, json!({"name": "a", "host": "h"})),
        record(&SERVICES, json!({"name": "a", "host": "h"})),
    );
    let changes = vec![
        Change::Delete { entity: &SERVICES, id: id(&kept) },
        insert(&SERVICES, &a),
        insert(&SERVICES, &b),
    ];
    assert!(matches!(lab.store.apply(changes, &any).await, Err(StoreFault::Unique { .. })));
    let versioned = lab.store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (1, 1));
    assert_eq!(lab.get(&SERVICES, &kept).await, Some(kept));
}

async fn changes_of_one_write_see_each_other(lab: Lab) {
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    let route = record(&ROUTES, json!({"paths": ["/"], "service": {"id": service["id"]}}));
    let again = record(&SERVICES, json!({"name": "a", "host": "other"}));
    let changes = vec![
        insert(&SERVICES, &service),
        insert(&ROUTES, &route),
        Change::Delete { entity: &ROUTES, id: id(&route) },
        Change::Delete { entity: &SERVICES, id: id(&service) },
        insert(&SERVICES, &again),
    ];
    assert_eq!(lab.store.apply(changes, &any).await, Ok(1));
    let configuration = lab.store.load().await.unwrap().configuration;
    assert_eq!((configuration.services.len(), configuration.routes.len()), (1, 0));
}

async fn a_write_that_could_not_serve_is_rolled_back(lab: Lab) {
    let service = record(&SERVICES, json!({"name": "a", "host": "h"}));
    let check = |configuration: &Configuration| {
        assert_eq!(configuration.services.len(), 1, "the check sees what the write leads to");
        Err("no".to_owned())
    };
    let got = lab.store.apply(vec![insert(&SERVICES, &service)], &check).await;
    assert_eq!(got, Err(StoreFault::Rejected("no".into())));
    let versioned = lab.store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (0, 0));
    assert_eq!(lab.store.apply(vec![insert(&SERVICES, &service)], &any).await, Ok(1));
}

async fn the_version_grows_by_one_with_each_write_that_is_made(lab: Lab) {
    assert_eq!(lab.store.load().await.unwrap().version, 0);
    for number in 1..=3 {
        let name = format!("s{number}");
        assert_eq!(lab.try_add(&SERVICES, json!({"name": name, "host": "h"})).await, Ok(number));
        assert!(lab.try_add(&SERVICES, json!({"name": name, "host": "h"})).await.is_err());
    }
    let nothing = Change::Delete { entity: &SERVICES, id: Uuid::new_v4() };
    assert_eq!(lab.store.apply(vec![nothing], &any).await, Ok(4), "to delete nothing is a write too");
    assert_eq!(lab.store.load().await.unwrap().version, 4);
}

async fn what_was_written_is_there_after_a_restart(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let lab = lab.reopen(None).await.map_err(|(fault, _)| fault).unwrap();
    let versioned = lab.store.load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (1, 1));
    assert_eq!(lab.get(&SERVICES, &service).await, Some(service));
}

use keybound_model::entity::{PLUGINS, ROUTES, SERVICES};
use keybound_store::config::{Key, StoreFault};
use serde_json::{Value, json};

use crate::lab::{Lab, any, insert, plugin_of, with};

each_database! {
    a_unique_value_is_taken_once,
    a_unique_value_is_not_taken_over_by_a_change,
    null_is_no_value,
    a_combination_is_taken_once_null_included,
    a_value_longer_than_an_index_takes_is_unique_and_found,
    the_database_refuses_a_broken_rule_by_itself,
}

async fn a_unique_value_is_taken_once(lab: Lab) {
    lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let fault = lab.try_add(&SERVICES, json!({"name": "a", "host": "other"})).await.unwrap_err();
    assert_eq!(fault.to_string(), "UNIQUE violation detected on '{name=\"a\"}'");
    lab.add(&SERVICES, json!({"name": "A", "host": "other"})).await;
    lab.add(&ROUTES, json!({"name": "a", "paths": ["/"]})).await;
}

async fn a_unique_value_is_not_taken_over_by_a_change(lab: Lab) {
    lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let b = lab.add(&SERVICES, json!({"name": "b", "host": "h"})).await;
    let fault = lab.store.apply(vec![with(&SERVICES, &b, "name", "a")], &any).await.unwrap_err();
    assert!(matches!(&fault, StoreFault::Unique { fields } if fields["name"] == "a"), "{fault}");
    assert_eq!(lab.get(&SERVICES, &b).await, Some(b));
}

async fn null_is_no_value(lab: Lab) {
    for _ in 0..2 {
        lab.add(&SERVICES, json!({"host": "h"})).await;
    }
}

async fn a_combination_is_taken_once_null_included(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let route = lab.add(&ROUTES, json!({"paths": ["/"]})).await;
    let plugin = |name: &str, service: Value, route: Value| json!({"name": name, "config": {}, "service": service, "route": route});
    let (to_service, to_route) = (json!({"id": service["id"]}), json!({"id": route["id"]}));
    for body in [
        plugin("p", Value::Null, Value::Null),
        plugin("p", to_service.clone(), Value::Null),
        plugin("p", Value::Null, to_route.clone()),
        plugin("p", to_service.clone(), to_route),
        plugin("q", to_service.clone(), Value::Null),
    ] {
        lab.store.apply(vec![insert(&PLUGINS, &plugin_of(&body))], &any).await.unwrap();
        let fault = lab.store.apply(vec![insert(&PLUGINS, &plugin_of(&body))], &any).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Unique { .. }), "{fault}");
    }
    let fault = lab
        .store
        .apply(vec![insert(&PLUGINS, &plugin_of(&plugin("p", to_service, Value::Null)))], &any)
        .await
        .unwrap_err();
    let wanted = format!(
        "UNIQUE violation detected on '{{consumer=null,consumer_group=null,name=\"p\",route=null,service={{id=\"{}\"}}}}'",
        service["id"].as_str().unwrap()
    );
    assert_eq!(fault.to_string(), wanted);
}

async fn a_value_longer_than_an_index_takes_is_unique_and_found(lab: Lab) {
    let long = |end: &str| "n".repeat(20_000) + end;
    let record = lab.add(&SERVICES, json!({"name": long("a"), "host": "h"})).await;
    lab.add(&SERVICES, json!({"name": long("b"), "host": "h"})).await;
    assert!(matches!(
        lab.try_add(&SERVICES, json!({"name": long("a"), "host": "h"})).await,
        Err(StoreFault::Unique { .. })
    ));
    let found = lab.store.find(&SERVICES, &Key::Unique("name", long("a"))).await.unwrap();
    assert_eq!(found, Some(record));
}

async fn the_database_refuses_a_broken_rule_by_itself(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let other = lab.add(&SERVICES, json!({"name": "b", "host": "h"})).await;
    lab.add(&ROUTES, json!({"paths": ["/"], "service": {"id": service["id"]}})).await;
    let (service, other) = (service["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    for (rule, sql) in [
        (
            "one value, one record",
            format!("INSERT INTO record_keys VALUES ('services', 'name', 'a', '{other}')"),
        ),
        ("no parent disappears", format!("DELETE FROM records WHERE id = '{service}'")),
        ("one id, one record", format!("INSERT INTO records VALUES ('services', '{other}', '{{}}', NULL)")),
        (
            "no reference to nothing",
            format!("INSERT INTO record_references VALUES ('services', '{other}', 'x', 'services', 'none')"),
        ),
    ] {
        let refused = lab.home.sql(&sql).await.unwrap_err();
        assert!(refused.as_database_error().is_some(), "{rule}: {refused}");
    }
}

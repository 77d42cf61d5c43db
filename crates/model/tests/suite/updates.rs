use std::time::Duration;

use keybound_model::entity::{PLUGINS, ROUTES, SERVICES, TARGETS};
use keybound_model::{Descriptor, Errors, Fresh, Record};
use serde_json::{Value, json};
use uuid::uuid;

use crate::catalog::{ID, NOW, catalog, insert, object};

const LATER: i64 = NOW + 60;

fn patch(entity: &Descriptor, old: &Record, value: Value) -> Result<Record, Errors> {
    entity.validate_update(old, object(value), since_epoch(LATER), &catalog())
}

fn since_epoch(seconds: i64) -> Duration {
    Duration::from_secs(seconds.cast_unsigned())
}

fn put(entity: &Descriptor, old: &Record, value: Value) -> Record {
    let fresh = Fresh::new(uuid!("99999999-2222-4333-8444-555555555555"), LATER);
    entity.validate_upsert(Some(old), object(value), fresh, &catalog()).unwrap()
}

#[test]
fn a_patch_merges_records_and_replaces_the_rest() {
    let input = json!({"name": "demo-auth", "tags": ["a", "b"], "config": {
        "issuer": "a", "redis": {"host": "r", "port": 1}, "labels": {"x": 1, "y": 2}, "secrets": ["s", "t"]}});
    let old = insert(&PLUGINS, input).unwrap();
    let new = patch(
        &PLUGINS,
        &old,
        json!({"tags": ["c"], "config": {"redis": {"port": 2}, "labels": {"z": 3}, "secrets": ["u"]}}),
    )
    .unwrap();
    assert_eq!(new["tags"], json!(["c"]));
    assert_eq!(new["config"]["issuer"], json!("a"));
    assert_eq!(new["config"]["redis"], json!({"host": "r", "port": 2}));
    assert_eq!(new["config"]["labels"], json!({"z": 3}));
    assert_eq!(new["config"]["secrets"], json!(["u"]));
    assert_eq!(
        (&new["id"], &new["created_at"], &new["updated_at"]),
        (&old["id"], &json!(NOW), &json!(LATER))
    );
}

#[test]
fn null_resets_to_the_default() {
    let old = insert(&SERVICES, json!({"host": "a", "retries": 1, "path": "/x"})).unwrap();
    let new = patch(&SERVICES, &old, json!({"retries": null, "path": null})).unwrap();
    assert_eq!((&new["retries"], &new["path"]), (&json!(5), &json!(null)));
    assert_eq!(
        patch(&SERVICES, &old, json!({"host": null})).unwrap_err().message(),
        "schema violation (host: required field missing)"
    );
}

#[test]
fn a_url_in_a_patch_resets_the_path() {
    let old = insert(&SERVICES, json!({"url": "https://a.com/x"})).unwrap();
    let new = patch(&SERVICES, &old, json!({"url": "http://b.com"})).unwrap();
    assert_eq!((&new["host"], &new["port"], &new["path"]), (&json!("b.com"), &json!(80), &json!(null)));
}

#[test]
fn an_old_name_in_a_patch_overrides_the_stored_value() {
    let old = insert(&PLUGINS, json!({"name": "demo-auth", "config": {"issuer": "a"}})).unwrap();
    let new = patch(&PLUGINS, &old, json!({"config": {"redis_host": "r"}})).unwrap();
    assert_eq!(new["config"]["redis"]["host"], json!("r"));
}

#[test]
fn a_patch_is_checked_as_a_whole() {
    let old = insert(&ROUTES, json!({"paths": ["/"]})).unwrap();
    assert_eq!(
        patch(&ROUTES, &old, json!({"paths": null, "x": 1})).unwrap_err().message(),
        "2 schema violations (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is \
         'https'; x: unknown field)"
    );
}

#[test]
fn the_id_of_an_entity_stays() {
    let old = insert(&SERVICES, json!({"host": "a"})).unwrap();
    let other = "99999999-2222-4333-8444-555555555555";
    assert_eq!(patch(&SERVICES, &old, json!({"id": other})).unwrap()["id"], json!(ID.to_string()));
    assert_eq!(put(&SERVICES, &old, json!({"id": other, "host": "b"}))["id"], json!(ID.to_string()));
}

#[test]
fn a_patch_of_a_target_says_its_time_with_the_milliseconds_and_of_others_without() {
    let now = since_epoch(LATER) + Duration::from_millis(250);
    let input = json!({"upstream": {"id": ID.to_string()}, "target": "10.0.0.1:80"});
    let old = insert(&TARGETS, input).unwrap();
    let new = TARGETS.validate_update(&old, object(json!({"weight": 1})), now, &catalog()).unwrap();
    assert_eq!((&new["created_at"], &new["updated_at"]), (&old["created_at"], &json!(1_700_000_060.25)));
    let mut bare = old.clone();
    bare.remove("created_at");
    let new = TARGETS.validate_update(&bare, object(json!({"weight": 1})), now, &catalog()).unwrap();
    assert_eq!(new["created_at"], json!(1_700_000_060.25));
    let old = insert(&SERVICES, json!({"host": "a"})).unwrap();
    let new = SERVICES.validate_update(&old, object(json!({"host": "b"})), now, &catalog()).unwrap();
    assert_eq!(new["updated_at"], json!(LATER));
}

#[test]
fn a_put_replaces_everything_but_id_and_creation() {
    let old = insert(&SERVICES, json!({"host": "a", "retries": 1, "name": "x"})).unwrap();
    let new = put(&SERVICES, &old, json!({"host": "b"}));
    assert_eq!((&new["retries"], &new["name"], &new["host"]), (&json!(5), &json!(null), &json!("b")));
    assert_eq!((&new["created_at"], &new["updated_at"]), (&json!(NOW), &json!(LATER)));
    assert_eq!(put(&SERVICES, &old, json!({"host": "b", "created_at": 7}))["created_at"], json!(7));
}

#[test]
fn a_put_of_something_new_takes_the_fresh_id() {
    let fresh = Fresh::new(ID, NOW);
    let new = SERVICES.validate_upsert(None, object(json!({"host": "a"})), fresh, &catalog()).unwrap();
    assert_eq!(new["id"], json!(ID.to_string()));
}

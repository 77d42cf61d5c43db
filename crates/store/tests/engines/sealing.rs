use std::sync::Arc;

use keybound_model::entity::{CONSUMERS, KEYAUTH_CREDENTIALS, PLUGINS, SERVICES};
use keybound_model::schema::{Schema, array, string};
use keybound_model::{PluginCatalog, PluginDescription, Record};
use keybound_store::config::{Key, StoreFault};
use keybound_store::seal::{Sealing, SealingKeys};
use serde_json::json;

use crate::lab::{Lab, any, insert, record_of, with};

const NEW: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OLD: &str = "//////////////////////////////////////////8=";
const OTHER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

each_database! {
    secrets_are_sealed_in_the_database_and_open_in_what_is_read,
    a_record_with_secrets_is_changed_like_any_other,
    secrets_in_plain_text_are_sealed_at_the_next_start_with_a_key,
    a_start_without_the_key_says_so,
    a_start_with_another_key_says_so,
    keys_rotate,
    a_sealed_value_does_not_open_in_another_record,
    the_root_secret_is_made_once_and_sealed_like_the_others,
    a_secret_that_is_unique_is_found_and_stays_unique_whatever_the_key,
}

/// One plugin, with a secret and a list of them.
struct Safe(PluginDescription);

impl PluginCatalog for Safe {
    fn names(&self) -> Vec<&str> {
        vec!["safe"]
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        (name == "safe").then_some(&self.0)
    }
}

fn catalog() -> Arc<Safe> {
    let config = Schema::new([
        ("user", string()),
        ("password", string().encrypted()),
        ("tokens", array(string().encrypted())),
    ]);
    Arc::new(Safe(PluginDescription::new("safe", "1", 1, config)))
}

fn keys(text: &str) -> Option<Sealing> {
    Some(Sealing { keys: SealingKeys::parse(text).unwrap(), catalog: catalog() })
}

/// A plugin with secrets.
async fn plugin(lab: &Lab) -> Record {
    let body = json!({
        "name": "safe",         "config": {"user": "alice", "password": "hunter2", "tokens": ["swordfish", "xyzzy"]},
    });
    let record = record_of(&PLUGINS, body, &*catalog());
    lab.store.apply(vec![insert(&PLUGINS, &record)], &any).await.unwrap();
    record
}

async fn reopened(lab: Lab, sealing: Option<Sealing>) -> Lab {
    lab.reopen(sealing).await.map_err(|(fault, _)| fault).unwrap()
}

async fn refused(lab: Lab, sealing: Option<Sealing>) -> String {
    let fault = lab.reopen(sealing).await.err().unwrap().0;
    assert!(matches!(fault, StoreFault::Sealed(_)), "{fault}");
    fault.to_string()
}

#[track_caller]
fn hidden(dump: &str) {
    for secret in ["hunter2", "swordfish", "xyzzy"] {
        assert!(!dump.contains(secret), "{secret}: {dump}");
    }
    assert!(dump.contains("alice"), "what is no secret stays readable: {dump}");
}

async fn secrets_are_sealed_in_the_database_and_open_in_what_is_read(lab: Lab) {
    let lab = reopened(lab, keys(NEW)).await;
    let record = plugin(&lab).await;
    hidden(&lab.home.dump().await);
    assert_eq!(lab.get(&PLUGINS, &record).await.as_ref(), Some(&record));
    let loaded = lab.store.load().await.unwrap().configuration;
    assert_eq!(loaded.plugins[0].config["password"], "hunter2");
    let list = lab.store.list(&PLUGINS, &crate::lab::page(10)).await.unwrap();
    assert_eq!(list.records, [record]);
}

async fn a_record_with_secrets_is_changed_like_any_other(lab: Lab) {
    let lab = reopened(lab, keys(NEW)).await;
    let record = plugin(&lab).await;
    let change =
        with(&PLUGINS, &record, "config", json!({"user": "alice", "password": "xyzzy", "tokens": null}));
    lab.store.apply(vec![change.clone()], &any).await.unwrap();
    hidden(&lab.home.dump().await);
    assert_eq!(lab.store.apply(vec![change], &any).await, Err(StoreFault::Changed));
    let read = lab.get(&PLUGINS, &record).await.unwrap();
    assert_eq!(read["config"]["password"], "xyzzy");
}

async fn secrets_in_plain_text_are_sealed_at_the_next_start_with_a_key(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let record = plugin(&lab).await;
    assert!(lab.home.dump().await.contains("hunter2"));
    let version = lab.store.load().await.unwrap().version;
    let lab = reopened(lab, keys(NEW)).await;
    hidden(&lab.home.dump().await);
    assert_eq!(lab.get(&PLUGINS, &record).await, Some(record));
    assert_eq!(lab.get(&SERVICES, &service).await, Some(service));
    assert_eq!(lab.store.load().await.unwrap().version, version, "nothing that serves has changed");
}

async fn a_start_without_the_key_says_so(lab: Lab) {
    let lab = reopened(lab, keys(NEW)).await;
    plugin(&lab).await;
    let said = refused(lab, None).await;
    let wanted =
        "configuration store: its secrets are sealed with the key 'b9e0e8aa', and store_key is not set";
    assert_eq!(said.len(), wanted.len(), "{said}");
    assert!(said.starts_with("configuration store: its secrets are sealed with the key '"), "{said}");
    assert!(said.ends_with("', and store_key is not set"), "{said}");
}

async fn a_start_with_another_key_says_so(lab: Lab) {
    let lab = reopened(lab, keys(NEW)).await;
    plugin(&lab).await;
    let said = refused(lab, keys(OTHER)).await;
    assert!(said.ends_with("', which is not in store_key"), "{said}");
}

async fn keys_rotate(lab: Lab) {
    let lab = reopened(lab, keys(OLD)).await;
    let record = plugin(&lab).await;
    let lab = reopened(lab, keys(&format!("{NEW},{OLD}"))).await;
    assert_eq!(lab.get(&PLUGINS, &record).await.as_ref(), Some(&record));
    // Everything is under the newest key now: the old one can go.
    let lab = reopened(lab, keys(NEW)).await;
    assert_eq!(lab.get(&PLUGINS, &record).await.as_ref(), Some(&record));
    hidden(&lab.home.dump().await);
    let said = refused(lab, keys(OLD)).await;
    assert!(said.ends_with("', which is not in store_key"), "{said}");
}

async fn the_root_secret_is_made_once_and_sealed_like_the_others(lab: Lab) {
    let (first, second) = ([0x5a; 32], [0xa5; 32]);
    // `WlpaWlpa…`: the first secret in base64.
    let plain = "WlpaWlpaWlpa";
    let (one, two) = tokio::join!(lab.store.root_secret(first), lab.store.root_secret(second));
    let root = one.unwrap().unwrap();
    assert_eq!(two.unwrap().unwrap(), root, "two nodes that start at once agree");
    assert!(root == first || root == second);
    let lab = reopened(lab, None).await;
    assert_eq!(lab.store.root_secret([1; 32]).await.unwrap(), Some(root));
    let lab = reopened(lab, keys(OLD)).await;
    assert_eq!(lab.store.root_secret([1; 32]).await.unwrap(), Some(root));
    let lab = reopened(lab, keys(&format!("{NEW},{OLD}"))).await;
    assert_eq!(lab.store.root_secret([1; 32]).await.unwrap(), Some(root));
    assert!(!lab.home.dump().await.contains(plain));
    let lab = reopened(lab, keys(NEW)).await;
    assert_eq!(lab.store.root_secret([1; 32]).await.unwrap(), Some(root));
    assert!(refused(lab, None).await.ends_with("', and store_key is not set"));
}

async fn a_sealed_value_does_not_open_in_another_record(lab: Lab) {
    let lab = reopened(lab, keys(NEW)).await;
    let record = plugin(&lab).await;
    let (own, other) = (record["id"].as_str().unwrap(), uuid::Uuid::new_v4());
    lab.home.sql(&format!("UPDATE records SET body = replace(body, '{own}', '{other}')")).await.unwrap();
    let fault = lab.store.load().await.unwrap_err();
    assert!(matches!(fault, StoreFault::Sealed(_)), "{fault}");
    assert!(
        fault.to_string().ends_with(&format!("', but do not open with it: plugins {other} config.password")),
        "{fault}"
    );
}

async fn a_secret_that_is_unique_is_found_and_stays_unique_whatever_the_key(lab: Lab) {
    let alice = lab.add(&CONSUMERS, json!({"username": "alice"})).await;
    let credential = json!({"key": "hunter2", "consumer": {"id": alice["id"]}});
    let record = lab.add(&KEYAUTH_CREDENTIALS, credential.clone()).await;
    let by_key = Key::Unique("key", "hunter2".into());
    let mut lab = lab;
    // In plain text, then sealed, then sealed anew.
    for sealing in [None, keys(OLD), keys(&format!("{NEW},{OLD}")), keys(NEW)] {
        let sealed = sealing.is_some();
        lab = reopened(lab, sealing).await;
        if sealed {
            hidden(&lab.home.dump().await);
        }
        assert_eq!(lab.store.find(&KEYAUTH_CREDENTIALS, &by_key).await.unwrap().as_ref(), Some(&record));
        let other = Key::Unique("key", "hunter3".into());
        assert_eq!(lab.store.find(&KEYAUTH_CREDENTIALS, &other).await.unwrap(), None);
        let twice = lab.try_add(&KEYAUTH_CREDENTIALS, credential.clone()).await;
        assert!(matches!(twice, Err(StoreFault::Unique { .. })), "{twice:?}");
    }
}

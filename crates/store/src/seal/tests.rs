use keybound_model::PluginDescription;
use keybound_model::entity::PLUGINS;
use keybound_model::schema::{Schema, array, map, record, string};
use serde_json::json;

use super::*;

const NEW: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OLD: &str = "//////////////////////////////////////////8=";

/// One plugin with secrets at every depth.
struct Catalog(PluginDescription);

impl PluginCatalog for Catalog {
    fn names(&self) -> Vec<&str> {
        vec!["safe"]
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        (name == "safe").then_some(&self.0)
    }
}

fn sealer(keys: &str) -> Sealer {
    let secret = || string().encrypted();
    let config = Schema::new([
        ("open", string()),
        ("secret", secret()),
        ("list", array(secret())),
        ("whole", array(string()).encrypted()),
        ("by_name", map(string(), secret())),
        ("inner", record([("password", secret()), ("host", string())])),
    ]);
    let catalog = Arc::new(Catalog(PluginDescription::new("safe", "1", 1, config)));
    Sealer::new(Sealing { keys: SealingKeys::parse(keys).unwrap(), catalog }, Secret::New).unwrap()
}

fn plugin(id: u8) -> Record {
    let config = json!({
        "open": "seen", "secret": "s1", "list": ["s2", "s3"], "whole": ["s4"], "by_name": {"a": "s5"},
        "inner": {"password": "s6", "host": "seen"},
    });
    let id = format!("11111111-2222-4333-8444-0000000000{id:02}");
    json!({"id": id, "name": "safe", "config": config}).as_object().unwrap().clone()
}

fn fault(result: Result<(), StoreFault>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_secret_is_sealed_and_opens_again_and_nothing_else_changes() {
    let sealer = sealer(NEW);
    let mut record = plugin(1);
    assert_eq!(sealer.seal(&PLUGINS, &mut record).unwrap(), Some(sealer.newest()));
    let text = Value::Object(record.clone()).to_string();
    for secret in ["s1", "s2", "s3", "s4", "s5", "s6"] {
        assert!(!text.contains(&format!("\"{secret}\"")), "{secret}: {text}");
    }
    assert_eq!(text.matches("{sealed:1:").count(), 6);
    assert_eq!(
        (&record["config"]["open"], &record["config"]["inner"]["host"]),
        (&json!("seen"), &json!("seen"))
    );
    sealer.open(&PLUGINS, &mut record).unwrap();
    assert_eq!(record, plugin(1));
}

#[test]
fn the_same_secret_sealed_twice_looks_different() {
    let sealer = sealer(NEW);
    let (mut one, mut two) = (plugin(1), plugin(1));
    sealer.seal(&PLUGINS, &mut one).unwrap();
    sealer.seal(&PLUGINS, &mut two).unwrap();
    assert_ne!(one["config"]["secret"], two["config"]["secret"]);
}

#[test]
fn a_sealed_value_does_not_open_in_another_field_or_record() {
    let sealer = sealer(NEW);
    let mut record = plugin(1);
    sealer.seal(&PLUGINS, &mut record).unwrap();
    let mut field = record.clone();
    field["config"]["inner"]["password"] = record["config"]["secret"].clone();
    let said = fault(sealer.open(&PLUGINS, &mut field));
    assert!(said.ends_with("plugins 11111111-2222-4333-8444-000000000001 config.inner.password"), "{said}");
    let mut other = record.clone();
    other.insert("id".into(), plugin(2)["id"].clone());
    assert!(sealer.open(&PLUGINS, &mut other).is_err());
}

#[test]
fn a_value_that_was_tampered_with_does_not_open() {
    let sealer = sealer(NEW);
    let mut record = plugin(1);
    sealer.seal(&PLUGINS, &mut record).unwrap();
    let sealed = record["config"]["secret"].as_str().unwrap().to_owned();
    let at = sealed.len() - 4;
    let flipped = if &sealed[at..=at] == "A" { "B" } else { "A" };
    record["config"]["secret"] = json!(format!("{}{flipped}{}", &sealed[..at], &sealed[at + 1..]));
    assert!(sealer.open(&PLUGINS, &mut record).is_err());
}

#[test]
fn an_older_key_opens_and_the_newest_seals() {
    let before = sealer(OLD);
    let mut record = plugin(1);
    before.seal(&PLUGINS, &mut record).unwrap();
    let after = sealer(&format!("{NEW}, {OLD}"));
    after.open(&PLUGINS, &mut record).unwrap();
    assert_eq!(record, plugin(1));
    assert_eq!(after.newest(), sealer(NEW).newest());
    after.seal(&PLUGINS, &mut record).unwrap();
    let said = fault(before.open(&PLUGINS, &mut record));
    assert!(said.contains(&format!("'{}', which is not in store_key", after.newest())), "{said}");
}

#[test]
fn a_text_that_looks_sealed_is_sealed_like_any_other() {
    let sealer = sealer(NEW);
    let mut record = plugin(1);
    record["config"]["secret"] = json!("{sealed:1:00000000:AAAA}");
    let before = record.clone();
    sealer.seal(&PLUGINS, &mut record).unwrap();
    assert_ne!(record["config"]["secret"], before["config"]["secret"]);
    sealer.open(&PLUGINS, &mut record).unwrap();
    assert_eq!(record, before);
}

#[test]
fn keys_are_read_and_never_shown() {
    for (text, said) in [
        ("", "holds no key"),
        (" , ", "holds no key"),
        ("secret", "key 1 is not 32 random bytes in base64, as `openssl rand -base64 32` makes them"),
        (
            &format!("{NEW},c2hvcnQ="),
            "key 2 is not 32 random bytes in base64, as `openssl rand -base64 32` makes them",
        ),
        (&format!("{NEW},{NEW}"), "key 2 stands there already"),
    ] {
        assert_eq!(SealingKeys::parse(text).unwrap_err().to_string(), said);
    }
    let shown = format!("{:?}", SealingKeys::parse(NEW).unwrap());
    assert!(!shown.contains("AAAA") && shown.len() < 20, "{shown}");
}

#[test]
fn digests_differ_by_key_field_and_value() {
    let (one, other) = (sealer(NEW), sealer(NEW));
    let digest = one.digest("a", "b", "c");
    assert_eq!(digest, one.digest("a", "b", "c"));
    for differs in [one.digest("a", "b", "d"), one.digest("a", "x", "c"), other.digest("a", "b", "c")] {
        assert_ne!(digest, differs);
    }
}

use keybound_model::declarative::{self, Declared};
use keybound_model::entity::by_name;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalog::{NOW, catalog};

fn load(text: &str) -> Declared {
    declarative::parse(text, "f", NOW, &catalog()).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn exported(declared: &Declared, now: i64) -> String {
    let records = declared.records.iter().flat_map(|(name, records)| {
        let entity = by_name(name).unwrap();
        records.iter().map(move |record| (entity, record))
    });
    declarative::export(records, now)
}

#[test]
fn an_export_is_flat_and_has_no_nulls() {
    let declared = load(
        r#"{"_format_version": "3.0", "consumers": [{"username": "a b", "tags": ["yes", "x"],
            "basicauth_credentials": [{"username": "u", "password": "p"}], "keyauth_credentials": [{"key": "k", "ttl": 60}]}]}"#,
    );
    let text = exported(&declared, NOW + 20);
    let consumer = declared.configuration.consumers[0].id;
    let expected = format!(
        "_format_version: \"3.0\"\n_transform: false\nconsumers:\n- created_at: {NOW}\n  id: \"{consumer}\"\n  tags:\n  - \"yes\"\n  - x\n  updated_at: {NOW}\n  username: \"a b\"\nkeyauth_credentials:\n- consumer: \"{consumer}\"\n  created_at: {NOW}\n  id: "
    );
    let plain = text.replace(&format!("id: {consumer}"), &format!("id: \"{consumer}\""));
    let plain = plain.replace(&format!("consumer: {consumer}"), &format!("consumer: \"{consumer}\""));
    assert!(plain.starts_with(&expected), "{text}");
    assert!(text.contains("ttl: 40") && !text.contains("expires_at"), "{text}");
    let hash = &declared.configuration.basicauth_credentials[0].password;
    assert_eq!(&load(&text).configuration.basicauth_credentials[0].password, hash, "hashed once");
    assert!(!exported(&declared, NOW + 60).contains("keyauth_credentials"), "what has ended is gone");
}

#[test]
fn an_export_of_every_kind_gives_the_same_records() {
    let declared = load(include_str!("../declarative/every-kind.yaml"));
    assert!(declared.records.len() > 12, "{:?}", declared.records.keys());
    let text = exported(&declared, NOW);
    assert_eq!(load(&text).records, declared.records, "{text}");
    assert_eq!(exported(&load(&text), NOW), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_comes_back_as_it_was(
        names in proptest::collection::btree_set("\\PC{1,12}|[ -~]{1,8}|\\d{1,4}|true|no|~|null|[\\n\\t :#'\"-]{1,6}", 1..5),
        labels in proptest::collection::btree_map("\\PC{1,6}", any::<i32>(), 0..4),
        secrets in proptest::collection::vec(any::<String>().prop_filter("not empty", |s| !s.is_empty()), 0..3),
    ) {
        let consumers: Vec<Value> = names.iter().map(|name| json!({"username": name, "custom_id": name})).collect();
        let config = json!({"issuer": names.first(), "labels": labels, "secrets": secrets});
        let file = json!({"_format_version": "3.0", "consumers": consumers,
            "plugins": [{"name": "demo-auth", "config": config}]});
        let Ok(declared) = declarative::parse(&file.to_string(), "f", NOW, &catalog()) else {
            // Text that looks like a reference, or nothing, is refused before anything is exported.
            return Ok(());
        };
        let text = exported(&declared, NOW);
        prop_assert_eq!(load(&text).records, declared.records, "{}", text);
    }
}

#[test]
fn certificates_keep_their_lines() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let cert = params.self_signed(&key).unwrap().pem();
    let file = json!({"_format_version": "3.0", "ca_certificates": [{"cert": cert}],
        "certificates": [{"cert": cert, "key": key.serialize_pem(), "snis": ["a.test", {"name": "*.b.test"}]}]});
    let declared = load(&file.to_string());
    let names: Vec<_> =
        declared.configuration.snis.iter().map(|sni| (&sni.name[..], sni.certificate)).collect();
    let certificate = declared.configuration.certificates[0].id;
    assert_eq!(names, [("a.test", certificate), ("*.b.test", certificate)]);
    let text = exported(&declared, NOW);
    assert_eq!(load(&text).records, declared.records, "{text}");
}

#[test]
fn an_empty_configuration_is_a_file_too() {
    let text = declarative::export([], NOW);
    assert_eq!(text, "_format_version: \"3.0\"\n_transform: false\n");
    assert!(load(&text).records.is_empty());
}

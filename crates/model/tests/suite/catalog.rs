//! A catalog with one plugin, and shorthands for the tests.

use keybound_model::schema::{
    Check, EntityCheck, Schema, Shorthand, array, boolean, integer, map, number, record, set, string,
};
use keybound_model::{Descriptor, Errors, Fresh, PluginCatalog, PluginDescription, Record};
use serde_json::Value;
use uuid::{Uuid, uuid};

pub(crate) const ID: Uuid = uuid!("11111111-2222-4333-8444-555555555555");
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) struct Catalog(Vec<PluginDescription>);

pub(crate) fn catalog() -> Catalog {
    let config = Schema::new([
        ("issuer", string().required()),
        (
            "modes",
            set(string().one_of(["bearer", "introspection", "session"]))
                .not_yet_supported_values(["session"])
                .default(["bearer", "session"]),
        ),
        ("timeout", number().default(10000)),
        ("strict", boolean().default(false)),
        ("secrets", array(string().referenceable().encrypted())),
        ("labels", map(string(), integer())),
        ("later", array(string()).not_yet_supported()),
        (
            "redis",
            record([
                ("host", string().default("127.0.0.1")),
                ("port", integer().between(0, 65535).default(6379)),
            ])
            .required(),
        ),
        (
            "headers",
            array(record([("header", string().required()), ("path", array(string()).required().len_min(1))])),
        ),
    ])
    .shorthand(Shorthand::renamed("redis_host", string(), "redis.host"));
    Catalog(vec![
        PluginDescription::new("demo-auth", "1.0.0", 1050, config).without_consumer().check(
            EntityCheck::Conditional {
                if_field: "config.strict",
                if_match: Check::Eq(Value::Bool(true)),
                then_field: "config.secrets",
                then_match: Check::Required,
            },
        ),
        PluginDescription::new("plain", "0.1.0", 1, Schema::new([])),
    ])
}

impl PluginCatalog for Catalog {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|plugin| plugin.name).collect()
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        self.0.iter().find(|plugin| plugin.name == name)
    }

    fn check(&self, name: &str, config: &Record) -> Result<(), Errors> {
        match config.get("issuer").and_then(Value::as_str) {
            Some("https://bad") if name == "demo-auth" => {
                let mut errors = Errors::field("issuer", "is bad");
                errors.add_entity("and so is the whole");
                Err(errors)
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn object(value: Value) -> Record {
    value.as_object().unwrap().clone()
}

pub(crate) fn insert(entity: &Descriptor, value: Value) -> Result<Record, Errors> {
    entity.validate_insert(object(value), Fresh::new(ID, NOW), &catalog())
}

pub(crate) fn message(entity: &Descriptor, value: Value) -> String {
    insert(entity, value).unwrap_err().message()
}

pub(crate) fn fields(entity: &Descriptor, value: Value) -> Value {
    insert(entity, value).unwrap_err().to_json()
}

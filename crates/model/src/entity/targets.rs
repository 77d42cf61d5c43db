use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{id, tags};
use crate::schema::{Auto, OnDelete, Schema, foreign, integer, number, string};
use crate::{Errors, Record, checks};

/// One of the servers behind an upstream.
pub static TARGETS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("targets", "target", schema())
        .nested_key("target")
        .unique_together(&["upstream", "target"])
        .paths(None, Some("targets"))
        .finish(finish)
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        (
            "created_at",
            number().auto(Auto::CreatedAtMillis).doc("The time of creation, in seconds since 1970."),
        ),
        (
            "updated_at",
            number().auto(Auto::UpdatedAtMillis).doc("The time of the last write, in seconds since 1970."),
        ),
        (
            "upstream",
            foreign("upstreams")
                .required()
                .on_delete(OnDelete::Cascade)
                .doc("The upstream that it belongs to."),
        ),
        (
            "target",
            string()
                .required()
                .check("target", target)
                .doc("Name or address with a port, 8000 when it has none."),
        ),
        ("weight", integer().default(100).between(0, 65535).doc("Its share; 0 for no traffic.")),
        ("tags", tags()),
    ])
}

fn target(value: &Value) -> Result<(), String> {
    match value.as_str().map(with_port) {
        Some(None) => Err("Invalid target; not a valid hostname or ip address".to_owned()),
        _ => Ok(()),
    }
}

/// A target as it is stored: with its port, addresses of version 6 in brackets. `None` when it is neither a name nor an
/// address.
#[must_use]
pub fn with_port(text: &str) -> Option<String> {
    checks::host_and_port(text).map(|(host, port)| format!("{host}:{}", port.unwrap_or(8000)))
}

fn finish(record: &mut Record, _now: i64) -> Result<(), Errors> {
    if let Some(target) = record.get("target").and_then(Value::as_str).and_then(with_port) {
        record.insert("target".to_owned(), target.into());
    }
    Ok(())
}

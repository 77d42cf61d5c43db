use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{Schema, string};

/// Keys under one name.
pub static KEY_SETS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("key_sets", "key_set", schema())
        .endpoint_key("name")
        .paths(Some("key-sets"), Some("key-sets"))
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("name", string().unique().doc("A name, usable in URLs in place of the id.")),
        ("tags", tags()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
    ])
}

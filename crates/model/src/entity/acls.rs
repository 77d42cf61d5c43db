use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::schema::{Schema, string};

/// That a consumer is in a group of `acl`.
pub static ACLS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("acls", "acl", schema()).nested_key("group").unique_together(&["consumer", "group"])
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        ("group", string().required().doc("The group.")),
        ("tags", tags()),
    ])
}

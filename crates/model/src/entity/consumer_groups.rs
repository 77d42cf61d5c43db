use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, name, tags, updated_at};
use crate::schema::Schema;

/// A group of consumers, for plugins to be scoped to.
pub static CONSUMER_GROUPS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("consumer_groups", "consumer_group", schema()).endpoint_key("name"));

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("name", name().required().doc("A name, usable in URLs in place of the id.")),
        ("tags", tags()),
    ])
}

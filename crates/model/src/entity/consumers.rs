use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{EntityCheck, Schema, string};

/// Somebody who calls.
pub static CONSUMERS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("consumers", "consumer", schema()).endpoint_key("username"));

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("username", string().unique().doc("A name, usable in URLs in place of the id.")),
        ("custom_id", string().unique().doc("The id that another system knows it by.")),
        ("tags", tags()),
    ])
    .check(EntityCheck::AtLeastOneOf(&["custom_id", "username"]))
}

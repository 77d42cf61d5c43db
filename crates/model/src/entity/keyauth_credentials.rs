use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::schema::{Auto, Schema, string};

/// A key of `key-auth`.
pub static KEYAUTH_CREDENTIALS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("keyauth_credentials", "keyauth_credential", schema())
        .endpoint_key("key")
        .paths(Some("key-auths"), Some("key-auth"))
        .expiring()
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        ("key", string().unique().auto(Auto::Token).encrypted().doc("The key; made when absent.")),
        ("tags", tags()),
    ])
}

use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::schema::{Auto, Schema, string};

/// A name and a secret of `hmac-auth`.
pub static HMACAUTH_CREDENTIALS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("hmacauth_credentials", "hmacauth_credential", schema())
        .endpoint_key("username")
        .paths(Some("hmac-auths"), Some("hmac-auth"))
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        ("username", string().required().unique().doc("The name.")),
        ("secret", string().auto(Auto::Token).encrypted().doc("The secret; made when absent.")),
        ("tags", tags()),
    ])
}

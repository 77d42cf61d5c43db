use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::Record;
use crate::schema::{Schema, string};

/// A name and a password of `basic-auth`.
pub static BASICAUTH_CREDENTIALS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("basicauth_credentials", "basicauth_credential", schema())
        .endpoint_key("username")
        .paths(Some("basic-auths"), Some("basic-auth"))
        .transform_with(hash_password)
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        ("username", string().required().unique().doc("The name.")),
        ("password", string().required().encrypted().doc("The password; its hash is stored and shown.")),
        ("tags", tags()),
    ])
}

/// Kong's hash, so that its stored credentials stay good: SHA-1 over the password and the consumer's id.
fn hash_password(record: &mut Record, patch: Option<&Record>) {
    if patch.is_some_and(|patch| patch.get("password").is_none_or(Value::is_null)) {
        return;
    }
    let consumer = record.get("consumer").and_then(|consumer| consumer.get("id")).and_then(Value::as_str);
    let password = record.get("password").and_then(Value::as_str);
    if let (Some(consumer), Some(password)) = (consumer, password) {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{password}{consumer}").as_bytes());
        record.insert("password".to_owned(), crate::hex::lower(hash.as_ref()).into());
    }
}

use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{Schema, record, string};

/// Where references to secrets point.
pub static VAULTS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("vaults", "vault", schema()).endpoint_key("prefix"));

/// Backends that Kong has.
const BACKENDS: [&str; 6] = ["env", "aws", "gcp", "hcv", "azure", "conjur"];

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        (
            "prefix",
            string()
                .required()
                .unique()
                .matches("^[a-z][a-z%d-]-[a-z%d]+$", is_prefix)
                .not_one_of(BACKENDS)
                .doc("How references name it: `{vault://<prefix>/…}`."),
        ),
        ("name", string().required().check("backend", backend).doc("The backend: `env`.")),
        ("description", string().doc("What it is for.")),
        (
            "config",
            record([(
                "prefix",
                string()
                    .matches("^[%a_][%a%d_]*$", is_variable)
                    .doc("Put before the name of each variable of the environment."),
            )])
            .required()
            .doc("The backend's own fields."),
        ),
        ("tags", tags()),
    ])
}

/// A small letter, then at least one small letter or digit at the end; `-` between.
fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && text.bytes().next_back().is_some_and(plain)
}

fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn backend(value: &Value) -> Result<(), String> {
    match value.as_str() {
        None | Some("env") => Ok(()),
        Some(name) if BACKENDS.contains(&name) => Err(format!("'{name}' is not supported by Keybound yet")),
        Some(name) => Err(format!("vault '{name}' is not installed")),
    }
}

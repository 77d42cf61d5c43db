//! Typed access to a configuration that passed its schema.

use keybound_model::Record;
use serde_json::Value;

/// The text of a field.
pub(crate) fn text<'a>(config: &'a Record, name: &str) -> Option<&'a str> {
    config.get(name).and_then(Value::as_str)
}

/// Whether a field says yes.
pub(crate) fn flag(config: &Record, name: &str) -> bool {
    config.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The texts of a list.
pub(crate) fn list(config: &Record, name: &str) -> Vec<String> {
    let elements = config.get(name).and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(Value::as_str).map(str::to_owned).collect()
}

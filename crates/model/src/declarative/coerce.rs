use serde_json::Value;

use crate::Record;
use crate::schema::{Kind, Schema, Type};

/// Turns `on`, `off`, `yes` and `no` (YAML 1.1) into booleans where the schema expects one; elsewhere they are text.
pub(super) fn booleans(record: &mut Record, schema: &Schema) {
    for (name, value) in record.iter_mut() {
        if let Some(ty) = schema.input(name) {
            coerce(value, ty);
        }
    }
}

fn coerce(value: &mut Value, ty: &Type) {
    match (&ty.kind, value) {
        (Kind::Boolean, value) => {
            if let Some(boolean) = value.as_str().and_then(yaml_1_1) {
                *value = Value::Bool(boolean);
            }
        }
        (Kind::Array(element) | Kind::Set(element), Value::Array(items)) => {
            items.iter_mut().for_each(|item| coerce(item, element));
        }
        (Kind::Map(_, values), Value::Object(members)) => {
            members.iter_mut().for_each(|(_, value)| coerce(value, values));
        }
        (Kind::Record(schema), Value::Object(members)) => booleans(members, schema),
        _ => {}
    }
}

fn yaml_1_1(text: &str) -> Option<bool> {
    match text {
        "on" | "On" | "ON" | "yes" | "Yes" | "YES" | "y" | "Y" => Some(true),
        "off" | "Off" | "OFF" | "no" | "No" | "NO" | "n" | "N" => Some(false),
        _ => None,
    }
}

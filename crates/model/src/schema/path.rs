use serde_json::Value;

use crate::Record;

/// The value at a dotted path; null when a part of the way is missing.
pub(super) fn at<'a>(record: &'a Record, path: &str) -> &'a Value {
    const NULL: &Value = &Value::Null;
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (record.get(first), rest) {
        (None, _) => NULL,
        (Some(value), None) => value,
        (Some(Value::Object(inner)), Some(rest)) => at(inner, rest),
        (Some(_), Some(_)) => NULL,
    }
}

/// Sets the value at a dotted path, making the records on the way.
pub(super) fn put(record: &mut Record, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            record.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = record.entry(first.to_owned()).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Record::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

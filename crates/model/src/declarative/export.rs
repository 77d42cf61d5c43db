//! Records as a declarative file.

use std::fmt::Write;

use serde_json::Value;

use crate::Record;
use crate::entity::Descriptor;

/// A declarative file with these records: format 3.0, one flat list for each kind, references by id, passwords as they are
/// stored. Read again at the same time with [`parse`](super::parse), it gives the same records.
///
/// The records of a kind keep their order; kinds come in that of [`all`](crate::entity::all). What has ended by `now`
/// (seconds since 1970) is left out.
#[must_use]
pub fn export<'a>(records: impl IntoIterator<Item = (&'static Descriptor, &'a Record)>, now: i64) -> String {
    let mut lists: Vec<(&'static Descriptor, Vec<&Record>)> =
        crate::entity::all().into_iter().map(|entity| (entity, Vec::new())).collect();
    for (entity, record) in records {
        if let Some((_, list)) = lists.iter_mut().find(|(known, _)| known.name == entity.name) {
            list.push(record);
        }
    }
    let mut text = "_format_version: \"3.0\"\n_transform: false\n".to_owned();
    for (entity, list) in lists {
        let list: Vec<Value> = list
            .into_iter()
            .filter(|record| !entity.is_expired(record, now))
            .map(|record| Value::Object(declared(entity, record, now)))
            .collect();
        if !list.is_empty() {
            text.push_str(entity.name);
            text.push(':');
            block(&mut text, &Value::Array(list), 0);
        }
    }
    text
}

/// A record as a file has it: without nulls, with references as ids.
fn declared(entity: &Descriptor, record: &Record, now: i64) -> Record {
    let shown = entity.shown(record.clone(), now);
    let members = shown.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = match value {
            Value::Object(mut reference) if entity.is_foreign(&name) => {
                reference.remove("id").unwrap_or(Value::Object(reference))
            }
            other => without_nulls(other),
        };
        (name, value)
    });
    members.collect()
}

/// Null is what a field without a value has by itself.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// A value after a key or a dash, whose line is open; ends its last line.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            for (name, value) in members {
                indent(text, depth + 1);
                scalar(text, name);
                text.push(':');
                block(text, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                indent(text, depth);
                text.push('-');
                match item {
                    Value::Object(members) if !members.is_empty() => first_on_the_dash(text, members, depth),
                    _ => block(text, item, depth + 1),
                }
            }
        }
        Value::String(content) => {
            text.push(' ');
            scalar(text, content);
            text.push('\n');
        }
        // Numbers, booleans, null, and the empty list and object are the same in JSON.
        other => {
            // Writing into a string cannot fail.
            let _ = writeln!(text, " {other}");
        }
    }
}

fn first_on_the_dash(text: &mut String, members: &Record, depth: usize) {
    for (index, (name, value)) in members.iter().enumerate() {
        if index == 0 {
            text.push(' ');
        } else {
            indent(text, depth + 1);
        }
        scalar(text, name);
        text.push(':');
        block(text, value, depth + 1);
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Text as it is where no reader can take it for anything else, and in double quotes otherwise.
fn scalar(text: &mut String, content: &str) {
    if is_plain(content) {
        return text.push_str(content);
    }
    text.push('"');
    for c in content.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            '\n' => text.push_str("\\n"),
            ' '..='~' | '\u{a1}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' => {
                text.push(c)
            }
            other => {
                let _ = write!(text, "\\U{:08X}", u32::from(other));
            }
        }
    }
    text.push('"');
}

/// Letters first, and nothing but letters, digits and a few marks that mean nothing; no word that means a value.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

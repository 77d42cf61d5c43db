//! Takes the entities out of a file, nested or not.

use serde_json::Value;

use super::load::Problems;
use crate::Record;
use crate::entity::{self, Descriptor, NOT_YET_SUPPORTED};
use crate::schema::Foreign;

/// An entity as it stands in the file.
pub(super) struct Item {
    pub(super) entity: &'static Descriptor,
    /// The way to it.
    pub(super) path: String,
    pub(super) record: Record,
    /// The field that refers to the entity around it, and that entity's place among the items.
    pub(super) parent: Option<(&'static str, usize)>,
}

/// Every entity of the file, parents before what is nested in them.
pub(super) fn items(top: Record, problems: &mut Problems) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, value) in top {
        match entity::by_name(&name) {
            Some(entity) => list(entity, &name, value, None, &mut items, problems),
            None if NOT_YET_SUPPORTED.contains(&name.as_str()) => {
                if !is_empty(&value) {
                    problems.add(&name, format!("'{name}' are not supported by Keybound yet"));
                }
            }
            None => problems.add(&name, "unknown field"),
        }
    }
    items
}

fn list(
    entity: &'static Descriptor,
    path: &str,
    value: Value,
    parent: Option<(&'static str, usize)>,
    items: &mut Vec<Item>,
    problems: &mut Problems,
) {
    match value {
        Value::Null => {}
        Value::Array(values) => {
            for (index, value) in values.into_iter().enumerate() {
                let path = format!("{path}[{}]", index + 1);
                match value {
                    Value::Object(record) => one(entity, path, record, parent, items, problems),
                    _ => problems.add(&path, "expected a record"),
                }
            }
        }
        _ => problems.add(path, "expected an array"),
    }
}

fn one(
    entity: &'static Descriptor,
    path: String,
    mut record: Record,
    parent: Option<(&'static str, usize)>,
    items: &mut Vec<Item>,
    problems: &mut Problems,
) {
    problems.check_remarks(&mut record, &path);
    let children: Vec<_> = children(entity)
        .filter_map(|(child, field)| Some((child, field, record.remove(child.name)?)))
        .collect();
    for name in NOT_YET_SUPPORTED.iter().filter(|name| entity.schema.field(name).is_none()) {
        if let Some(value) = record.remove(*name)
            && !is_empty(&value)
        {
            problems.add(&format!("{path}.{name}"), format!("'{name}' are not supported by Keybound yet"));
        }
    }
    let place = items.len();
    items.push(Item { entity, path: path.clone(), record, parent });
    for (child, field, value) in children {
        list(child, &format!("{path}.{}", child.name), value, Some((field, place)), items, problems);
    }
}

/// The kinds that may be nested in this one, with the field that refers to it.
fn children(entity: &Descriptor) -> impl Iterator<Item = (&'static Descriptor, &'static str)> {
    entity::all().into_iter().filter_map(|child| {
        let mut keys = child.foreign_keys();
        let field = keys.find(|(_, Foreign { entity: parent, .. })| *parent == entity.name)?.0;
        entity.schema.field(child.name).is_none().then_some((child, field))
    })
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

//! References to other entities, beyond the form of an id.

use serde_json::Value;

use super::{Descriptor, by_name};
use crate::schema::Foreign;
use crate::{Errors, Record};

impl Descriptor {
    /// A reference without an id must name its parent by the endpoint key, and what else it says must fit the parent's
    /// fields. Of a good one only the endpoint key is kept, for the store to resolve.
    pub(super) fn check_references(&self, record: &mut Record, errors: &mut Errors) {
        for (field, foreign) in self.foreign_keys() {
            let Some(Value::Object(reference)) = record.get(field) else { continue };
            if reference.contains_key("id") {
                continue;
            }
            match by_key(foreign, reference) {
                Ok(key) => {
                    record.insert(field.to_owned(), Value::Object(key));
                }
                Err(found) => errors.add(field, found),
            }
        }
    }
}

fn by_key(foreign: Foreign, reference: &Record) -> Result<Record, Errors> {
    let parent = by_name(foreign.entity);
    let mut errors = Errors::new();
    for (name, value) in reference.iter().filter(|(_, value)| !value.is_null()) {
        match parent.map(|parent| parent.schema.field(name)) {
            Some(Some(ty)) => {
                if let Err(violation) = ty.process(value.clone()) {
                    errors.add(name, violation);
                }
            }
            Some(None) => errors.add(name, "unknown field"),
            None => {}
        }
    }
    let key = parent.and_then(|parent| parent.endpoint_key).and_then(|name| reference.get_key_value(name));
    match key {
        Some((name, Value::String(value))) if errors.is_empty() => {
            Ok(Record::from_iter([(name.clone(), Value::String(value.clone()))]))
        }
        Some((_, Value::String(_))) => Err(errors),
        _ => {
            errors.add("id", "missing primary key");
            Err(errors)
        }
    }
}

use serde_json::Value;

use super::{Kind, Schema};
use crate::{Errors, Record};

impl Schema {
    /// The record that a patch makes of an old one: records are merged field by field, everything else is replaced, and
    /// null resets a field to its default. The result is not validated yet.
    ///
    /// Shorthands are expanded in the patch, so that an old name overrides what the old record has in the new place.
    ///
    /// # Errors
    /// What is wrong with a shorthand of the patch.
    pub fn merge(&self, old: &Record, mut patch: Record) -> Result<Record, Errors> {
        self.expand(&mut patch)?;
        let mut merged = old.clone();
        let mut errors = Errors::new();
        for (name, value) in patch {
            let inner = match self.field(&name).map(|ty| &ty.kind) {
                Some(Kind::Record(schema)) => Some(schema),
                _ => None,
            };
            let value = match (inner, merged.get(&name), value) {
                (Some(schema), Some(Value::Object(old)), Value::Object(patch)) => {
                    match schema.merge(old, patch) {
                        Ok(record) => Value::Object(record),
                        Err(inner) => {
                            errors.add(&name, inner);
                            continue;
                        }
                    }
                }
                (_, _, value) => value,
            };
            merged.insert(name, value);
        }
        if errors.is_empty() { Ok(merged) } else { Err(errors) }
    }
}

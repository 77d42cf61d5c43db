use serde_json::Value;

use super::check::{same, shown};
use super::path::{at, put};
use super::{Kind, Schema, Type};
use crate::{Errors, Record};

/// Turns the value of a shorthand into values of other fields, by dotted path.
pub type ExpandFn = fn(&Value) -> Vec<(&'static str, Value)>;

/// A name that is accepted on input, is never stored, and stands for other fields.
#[derive(Debug, Clone)]
pub struct Shorthand {
    /// The name on input.
    pub name: &'static str,
    /// What it may hold.
    pub ty: Type,
    /// What it stands for.
    pub expand: Expand,
}

/// What a shorthand stands for.
#[derive(Debug, Clone, Copy)]
pub enum Expand {
    /// Several fields, which it overrides (`url` of a service).
    Into(ExpandFn),
    /// An old name of the field at this dotted path. Both may be given when they agree.
    Renamed(&'static str),
    /// An old form of the field at this dotted path, with the new form of its value. Both may be given when they agree.
    Reshaped(&'static str, fn(&Value) -> Value),
}

impl Shorthand {
    /// A shorthand for several fields.
    #[must_use]
    pub fn into_fields(name: &'static str, ty: Type, expand: ExpandFn) -> Self {
        Self { name, ty, expand: Expand::Into(expand) }
    }

    /// An old name of a field.
    #[must_use]
    pub fn renamed(name: &'static str, ty: Type, path: &'static str) -> Self {
        Self { name, ty, expand: Expand::Renamed(path) }
    }

    /// An old name and form of a field.
    #[must_use]
    pub fn reshaped(name: &'static str, ty: Type, path: &'static str, convert: fn(&Value) -> Value) -> Self {
        Self { name, ty, expand: Expand::Reshaped(path, convert) }
    }

    /// The path of the field that replaced it, when it is an old name.
    #[must_use]
    pub fn replaced_with(&self) -> Option<&'static str> {
        match self.expand {
            Expand::Into(_) => None,
            Expand::Renamed(path) | Expand::Reshaped(path, _) => Some(path),
        }
    }

    fn apply(&self, value: Value, record: &mut Record, errors: &mut Errors) {
        let value = match self.ty.process(value) {
            Ok(value) => value,
            Err(violation) => return errors.add(self.name, violation),
        };
        let (path, new) = match self.expand {
            Expand::Into(expand) => {
                for (path, value) in expand(&value) {
                    put(record, path, value);
                }
                return;
            }
            Expand::Renamed(path) => (path, value.clone()),
            Expand::Reshaped(path, convert) => (path, convert(&value)),
        };
        let given = at(record, path);
        if given.is_null() {
            put(record, path, new);
        } else if !same(given, &new) {
            let text = format!(
                "both deprecated and new field are used but their values mismatch: {} = {} vs {path} = {}",
                self.name,
                shown(&value),
                shown(given)
            );
            errors.add(self.name, text);
        }
    }
}

impl Schema {
    /// Takes the shorthands out of a record and sets the fields that they stand for.
    ///
    /// # Errors
    /// The type text of a shorthand's value, or `both deprecated and new field are used but their values mismatch: …`.
    pub fn expand(&self, record: &mut Record) -> Result<(), Errors> {
        let mut errors = Errors::new();
        for shorthand in &self.shorthands {
            match record.remove(shorthand.name) {
                None | Some(Value::Null) => {}
                Some(value) => shorthand.apply(value, record, &mut errors),
            }
        }
        errors.into_result()
    }

    /// Adds the old names of renamed fields to a record that is answered, with the values that the new ones have. They may
    /// be sent back: both names agree.
    pub fn show_old_names(&self, record: &mut Record) {
        for field in &self.fields {
            if let Some(value) = record.get_mut(field.name) {
                field.ty.show_old_names(value);
            }
        }
        for shorthand in &self.shorthands {
            if let Expand::Renamed(path) = shorthand.expand {
                let value = at(record, path).clone();
                record.insert(shorthand.name.to_owned(), value);
            }
        }
    }
}

impl Type {
    fn show_old_names(&self, value: &mut Value) {
        match (&self.kind, value) {
            (Kind::Record(schema), Value::Object(record)) => schema.show_old_names(record),
            (Kind::Array(element) | Kind::Set(element), Value::Array(items)) => {
                items.iter_mut().for_each(|item| element.show_old_names(item));
            }
            (Kind::Map(_, values), Value::Object(members)) => {
                members.values_mut().for_each(|member| values.show_old_names(member));
            }
            _ => {}
        }
    }
}

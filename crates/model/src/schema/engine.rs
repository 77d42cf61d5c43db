//! Defaults and validation of one record.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::check::same;
use super::{Auto, Check, Kind, Schema, Type};
use crate::{Errors, Record, Violation, vault};

/// The text for a required field that is absent.
pub(crate) const REQUIRED: &str = "required field missing";
/// The text for a field that the schema does not have.
pub(crate) const UNKNOWN: &str = "unknown field";

impl Schema {
    /// The whole record: shorthands expanded, defaults filled, every field present (null when unset), sets without
    /// duplicates, UUIDs in lower case, integers without a fraction.
    ///
    /// # Errors
    /// Everything that is wrong with it, in Kong's texts.
    pub fn process(&self, mut input: Record) -> Result<Record, Errors> {
        let mut errors = self.expand(&mut input).err().unwrap_or_default();
        let mut output = Record::new();
        for field in &self.fields {
            let given = input.remove(field.name).unwrap_or(Value::Null);
            match field.ty.process_named(field.name, given) {
                Ok(value) => {
                    output.insert(field.name.to_owned(), value);
                }
                Err(violation) => errors.add(field.name, violation),
            }
        }
        for name in input.keys() {
            errors.add(name, UNKNOWN);
        }
        for check in &self.checks {
            check.run(&output, &mut errors);
        }
        if errors.is_empty() { Ok(output) } else { Err(errors) }
    }
}

impl Type {
    /// One value: the default for null, then its type, then its checks.
    ///
    /// # Errors
    /// What is wrong with it, in Kong's texts.
    pub fn process(&self, value: Value) -> Result<Value, Violation> {
        let value = if value.is_null() { self.missing() } else { value };
        if value.is_null() {
            // A token is made before this for whoever may have one made.
            if self.auto == Some(Auto::Token) || (self.required && self.auto.is_none()) {
                return Err(REQUIRED.into());
            }
            return Ok(value);
        }
        if self.referenceable
            && let Some(text) = value.as_str().filter(|text| vault::is_reference(text))
        {
            // The value behind it is checked by whoever reads it.
            return vault::Reference::parse(text)
                .map(|_| value.clone())
                .map_err(|fault| fault.to_string().into());
        }
        let value = self.typed(value)?;
        for check in &self.checks {
            check.apply(&value)?;
        }
        Ok(if self.checks.iter().any(|check| matches!(check, Check::Uuid)) { lower(value) } else { value })
    }

    /// What an absent or null value becomes: the default, an empty record where a record is required, or null.
    #[must_use]
    pub fn missing(&self) -> Value {
        match (&self.default, &self.kind) {
            (Some(default), _) => default.clone(),
            (None, Kind::Record(_)) if self.required => Value::Object(Record::new()),
            _ => Value::Null,
        }
    }

    /// Whether a processed value is what the field has when nothing is given. Sets are equal in any order.
    #[must_use]
    pub fn is_default(&self, value: &Value) -> bool {
        let default = self.process(Value::Null).unwrap_or(Value::Null);
        match (&self.kind, value, &default) {
            (Kind::Set(_), Value::Array(items), Value::Array(defaults)) => {
                items.len() == defaults.len()
                    && items.iter().all(|item| defaults.iter().any(|other| same(item, other)))
            }
            _ => same(value, &default),
        }
    }

    fn process_named(&self, name: &str, value: Value) -> Result<Value, Violation> {
        let value = self.process(value)?;
        if value.is_null() {
            return Ok(value);
        }
        if self.unsupported && !self.is_default(&value) {
            let flow = self.comes_with.map(|flow| format!(": it belongs to {flow}, which is not available"));
            return Err(
                format!("'{name}' is not supported by Keybound yet{}", flow.unwrap_or_default()).into()
            );
        }
        if !self.unsupported_values.is_empty() && !self.is_default(&value) {
            self.supported_values(&value)?;
        }
        Ok(value)
    }

    fn supported_values(&self, value: &Value) -> Result<(), Violation> {
        let refuse = |item: &Value| {
            let known = item.as_str().filter(|text| self.unsupported_values.contains(text));
            known.map(|text| Violation::Text(format!("'{text}' is not supported by Keybound yet")))
        };
        match value {
            Value::Array(items) => {
                let faults: BTreeMap<usize, Violation> =
                    items.iter().enumerate().filter_map(|(n, item)| Some((n + 1, refuse(item)?))).collect();
                if faults.is_empty() { Ok(()) } else { Err(Violation::Items(faults)) }
            }
            other => refuse(other).map_or(Ok(()), Err),
        }
    }

    fn typed(&self, value: Value) -> Result<Value, Violation> {
        match (&self.kind, value) {
            (Kind::String, Value::String(text)) => {
                if text.is_empty() && !self.checks.iter().any(|check| matches!(check, Check::LenMin(_))) {
                    return Err("length must be at least 1".into());
                }
                Ok(Value::String(text))
            }
            (Kind::String, _) => Err("expected a string".into()),
            (Kind::Number, value @ Value::Number(_)) => Ok(value),
            (Kind::Number, _) => Err("expected a number".into()),
            (Kind::Integer, value) => {
                whole(&value).map(Value::Number).ok_or_else(|| "expected an integer".into())
            }
            (Kind::Boolean, value @ Value::Bool(_)) => Ok(value),
            (Kind::Boolean, _) => Err("expected a boolean".into()),
            (Kind::Array(element), Value::Array(items)) => elements(element, items).map(Value::Array),
            (Kind::Array(_), _) => Err("expected an array".into()),
            (Kind::Set(element), Value::Array(items)) => {
                elements(element, items).map(distinct).map(Value::Array)
            }
            (Kind::Set(_), _) => Err("expected a set".into()),
            (Kind::Map(keys, values), Value::Object(members)) => {
                map(keys, values, members).map(Value::Object)
            }
            (Kind::Map(..), _) => Err("expected a map".into()),
            (Kind::Record(schema), Value::Object(members)) => {
                schema.process(members).map(Value::Object).map_err(Violation::Fields)
            }
            (Kind::Foreign(_), Value::Object(members)) => foreign(members),
            (Kind::Record(_) | Kind::Foreign(_), _) => Err("expected a record".into()),
            (Kind::Any, value) => Ok(value),
        }
    }
}

/// A number without a fraction, as an integer; Lua has one number type, so `5.0` is one.
fn whole(value: &Value) -> Option<Number> {
    let number = value.as_number()?;
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let float = number.as_f64()?;
    // Beyond 2^53 a float does not say which integer it means.
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then(|| Number::from(float as i64))
}

fn elements(element: &Type, items: Vec<Value>) -> Result<Vec<Value>, Violation> {
    let mut output = Vec::with_capacity(items.len());
    let mut faults = BTreeMap::new();
    for (index, item) in items.into_iter().enumerate() {
        // An element is always required: a list has no empty places.
        let checked =
            if item.is_null() { element.typed(item) } else { element.process_named("element", item) };
        match checked {
            Ok(value) => output.push(value),
            Err(violation) => {
                faults.insert(index + 1, violation);
            }
        }
    }
    if faults.is_empty() { Ok(output) } else { Err(Violation::Items(faults)) }
}

fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut output: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !output.iter().any(|known| same(known, &item)) {
            output.push(item);
        }
    }
    output
}

/// The first fault of a key or a value stands for the whole map, as in Kong.
fn map(keys: &Type, values: &Type, members: Record) -> Result<Record, Violation> {
    let mut output = Record::new();
    for (name, value) in members {
        keys.process(Value::String(name.clone()))?;
        let value = if value.is_null() { values.typed(value)? } else { values.process(value)? };
        output.insert(name, value);
    }
    Ok(output)
}

/// A reference keeps its id when it has one; what else it may be is for the entity to say, which knows the parent.
fn foreign(mut members: Record) -> Result<Value, Violation> {
    match members.remove("id") {
        None | Some(Value::Null) => Ok(Value::Object(members)),
        Some(Value::String(id)) if super::check::is_uuid(&id) => {
            Ok(Value::Object(Record::from_iter([("id".to_owned(), Value::String(id.to_ascii_lowercase()))])))
        }
        Some(Value::String(_)) => Err(Errors::field("id", "expected a valid UUID").into()),
        Some(_) => Err(Errors::field("id", "expected a string").into()),
    }
}

fn lower(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.to_ascii_lowercase()),
        other => other,
    }
}

//! A schema as `/schemas/*` answers it: fields as an array of one-member objects.

use serde_json::{Value, json};

use super::{Auto, Check, Expand, Kind, Schema, Shorthand, Type};
use crate::Record;

impl Schema {
    /// `{"fields": [{"name": {"type": "string", …}}, …], "entity_checks": […], "shorthand_fields": […]}`; the last two
    /// only when there are any.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.members())
    }

    fn members(&self) -> Record {
        let mut object = Record::new();
        object.insert(
            "fields".to_owned(),
            self.fields.iter().map(|field| named(field.name, field.ty.to_json())).collect(),
        );
        if !self.checks.is_empty() {
            let checks = self.checks.iter().map(|check| named(check.name(), check.to_json())).collect();
            object.insert("entity_checks".to_owned(), checks);
        }
        if !self.shorthands.is_empty() {
            object.insert(
                "shorthand_fields".to_owned(),
                self.shorthands.iter().map(Shorthand::to_json).collect(),
            );
        }
        object
    }
}

impl Shorthand {
    fn to_json(&self) -> Value {
        let mut object = self.ty.members();
        if let Some(path) = self.replaced_with() {
            let path: Vec<&str> = path.split('.').collect();
            object.insert("deprecation".to_owned(), json!({"replaced_with": [{"path": path}]}));
            if matches!(self.expand, Expand::Renamed(_)) {
                object.insert("translate_backwards".to_owned(), json!(path));
            }
        }
        named(self.name, Value::Object(object))
    }
}

impl Type {
    /// The type of one value as `/schemas/*` answers it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.members())
    }

    /// Its type's name: `string`, `array`, `foreign`, …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
            Kind::Array(_) => "array",
            Kind::Set(_) => "set",
            Kind::Map(..) => "map",
            Kind::Record(_) => "record",
            Kind::Foreign(_) => "foreign",
            Kind::Any => "json",
        }
    }

    fn members(&self) -> Record {
        let mut object = match &self.kind {
            Kind::Record(schema) => schema.members(),
            _ => Record::new(),
        };
        let mut put = |name: &str, value: Value| {
            object.insert(name.to_owned(), value);
        };
        put("type", self.name().into());
        match &self.kind {
            Kind::Array(element) | Kind::Set(element) => put("elements", element.to_json()),
            Kind::Map(keys, values) => {
                put("keys", keys.to_json());
                put("values", values.to_json());
            }
            Kind::Foreign(foreign) => put("reference", foreign.entity.into()),
            _ => {}
        }
        if let Some(default) = &self.default {
            put("default", default.clone());
        }
        if !self.doc.is_empty() {
            put("description", self.doc.into());
        }
        let flags = [
            ("required", self.required),
            ("unique", self.unique),
            ("auto", self.auto.is_some()),
            ("timestamp", self.auto.is_some_and(Auto::is_time)),
            ("referenceable", self.referenceable),
            ("encrypted", self.encrypted),
            ("immutable", self.immutable),
        ];
        for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
            put(name, true.into());
        }
        for check in &self.checks {
            if let Some((name, value)) = check.attribute() {
                put(name, value);
            }
        }
        object
    }
}

impl Check {
    /// As a condition: `{"one_of": […]}`.
    pub(super) fn to_json(&self) -> Value {
        self.attribute().map_or_else(|| json!({}), |(name, value)| named(name, value))
    }

    /// As an attribute of a field; a check of its own has none.
    fn attribute(&self) -> Option<(&'static str, Value)> {
        Some(match self {
            Self::Eq(value) => ("eq", value.clone()),
            Self::Ne(value) => ("ne", value.clone()),
            Self::OneOf(values) => ("one_of", values.clone().into()),
            Self::NotOneOf(values) => ("not_one_of", values.clone().into()),
            Self::Between(low, high) => ("between", json!([low, high])),
            Self::Gt(low) => ("gt", json!(low)),
            Self::LenMin(length) => ("len_min", json!(length)),
            Self::LenMax(length) => ("len_max", json!(length)),
            Self::StartsWith(prefix) => ("starts_with", json!(prefix)),
            Self::Match(pattern, _) => ("match", json!(pattern)),
            Self::Uuid => ("uuid", true.into()),
            Self::Contains(value) => ("contains", value.clone()),
            Self::ExclusiveSubsets(sets) => ("mutually_exclusive_subsets", json!(sets)),
            Self::Required => ("required", true.into()),
            Self::Custom(..) => return None,
        })
    }
}

fn named(name: &str, value: Value) -> Value {
    Value::Object(Record::from_iter([(name.to_owned(), value)]))
}

//! What is wrong with a record, in the shape and the words of Kong.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::Record;
use crate::lua;

/// The name under which texts about a record as a whole stand in `fields`.
pub const ENTITY: &str = "@entity";

/// What is wrong with one record: texts about the record as a whole, and violations by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    entity: Vec<String>,
    fields: BTreeMap<String, Violation>,
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// The value itself, in Kong's words.
    Text(String),
    /// Members of a record, a foreign reference, or a map.
    Fields(Errors),
    /// Elements of an array or a set, by their index from 1.
    Items(BTreeMap<usize, Violation>),
}

/// One text with the way to what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The way, indexes from 1: `redis.port`, `paths[2]`. Empty for the record itself.
    pub path: String,
    /// What is wrong.
    pub text: String,
    /// Whether the text is about a record as a whole, to which the path leads, and not about a value.
    pub whole: bool,
}

impl Errors {
    /// Nothing is wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One text about one field.
    #[must_use]
    pub fn field(name: &str, text: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.add(name, Violation::Text(text.into()));
        errors
    }

    /// One text about the record as a whole.
    #[must_use]
    pub fn entity(text: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.add_entity(text);
        errors
    }

    /// Adds a text about the record as a whole; one that is there already is not added again.
    pub fn add_entity(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.entity.contains(&text) {
            self.entity.push(text);
        }
    }

    /// Adds what is wrong with a field. Of two texts about the same value the first stays; members and elements join.
    pub fn add(&mut self, name: &str, violation: impl Into<Violation>) {
        let violation = violation.into();
        match self.fields.get_mut(name) {
            None => {
                self.fields.insert(name.to_owned(), violation);
            }
            Some(known) => known.merge(violation),
        }
    }

    /// Adds a text about the member that a dotted path names (`config.redis.host`).
    pub fn add_at(&mut self, path: &str, text: impl Into<String>) {
        match path.split_once('.') {
            None => self.add(path, Violation::Text(text.into())),
            Some((first, rest)) => {
                let mut inner = Self::new();
                inner.add_at(rest, text);
                self.add(first, Violation::Fields(inner));
            }
        }
    }

    /// Adds everything that another finding says about the same record.
    pub fn merge(&mut self, other: Self) {
        for text in other.entity {
            self.add_entity(text);
        }
        for (name, violation) in other.fields {
            self.add(&name, violation);
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entity.is_empty() && self.fields.is_empty()
    }

    /// Whether something is wrong with the field of this name, or with a part of it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The texts about the record as a whole.
    #[must_use]
    pub fn entity_texts(&self) -> &[String] {
        &self.entity
    }

    /// What is wrong with each field, by name.
    #[must_use]
    pub fn fields(&self) -> &BTreeMap<String, Violation> {
        &self.fields
    }

    /// Takes apart: the texts about the whole, and the violations by field.
    #[must_use]
    pub fn into_parts(self) -> (Vec<String>, BTreeMap<String, Violation>) {
        (self.entity, self.fields)
    }

    /// `Ok(())` when nothing is wrong.
    ///
    /// # Errors
    /// Itself, when something is.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Kong's `fields`: an object by field name, arrays for elements (`null` before the first failing one), and
    /// `@entity` with the list of texts about the whole.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Record::new();
        if !self.entity.is_empty() {
            object.insert(ENTITY.to_owned(), self.entity.clone().into());
        }
        for (name, violation) in &self.fields {
            object.insert(name.clone(), violation.to_json());
        }
        Value::Object(object)
    }

    /// Kong's `message`: `schema violation (a: x)`, or `n schema violations (a: x; b.c: y)`.
    ///
    /// Texts about the whole come first, then the fields by name; the members of a field are spelled out one level deep,
    /// and what lies deeper is printed as a Lua table.
    #[must_use]
    pub fn message(&self) -> String {
        let lines = self.lines();
        if lines.len() == 1 {
            format!("schema violation ({})", lines.concat())
        } else {
            format!("{} schema violations ({})", lines.len(), lines.join("; "))
        }
    }

    /// Each violation at any depth with the path that leads to it.
    #[must_use]
    pub fn flat(&self) -> Vec<Located> {
        let mut found = Vec::new();
        self.flatten("", &mut found);
        found
    }

    fn flatten(&self, path: &str, found: &mut Vec<Located>) {
        for text in &self.entity {
            found.push(Located { path: path.to_owned(), text: text.clone(), whole: true });
        }
        for (name, violation) in &self.fields {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            violation.flatten(&inner, found);
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.entity.clone();
        for (name, violation) in &self.fields {
            match violation {
                Violation::Text(text) => lines.push(format!("{name}: {text}")),
                Violation::Fields(inner) => {
                    if !inner.entity.is_empty() {
                        let texts = lua::pretty(&inner.entity.clone().into());
                        lines.push(format!("{name}.{ENTITY}: {texts}"));
                    }
                    for (member, violation) in &inner.fields {
                        lines.push(format!("{name}.{member}: {}", violation.printed()));
                    }
                }
                Violation::Items(items) => {
                    for (index, violation) in items {
                        lines.push(format!("{name}.{index}: {}", violation.printed()));
                    }
                }
            }
        }
        lines
    }
}

impl Violation {
    /// The violation of one element of an array or a set; indexes count from 1.
    #[must_use]
    pub fn item(index: usize, violation: impl Into<Self>) -> Self {
        Self::Items(BTreeMap::from([(index, violation.into())]))
    }

    /// As it stands in Kong's `fields`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Fields(errors) => errors.to_json(),
            Self::Items(items) => {
                let last = items.keys().next_back().copied().unwrap_or(0);
                (1..=last).map(|index| items.get(&index).map_or(Value::Null, Self::to_json)).collect()
            }
        }
    }

    fn printed(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => lua::pretty(&other.to_json()),
        }
    }

    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Fields(known), Self::Fields(more)) => known.merge(more),
            (Self::Items(known), Self::Items(more)) => {
                for (index, violation) in more {
                    match known.get_mut(&index) {
                        None => {
                            known.insert(index, violation);
                        }
                        Some(there) => there.merge(violation),
                    }
                }
            }
            _ => {}
        }
    }

    fn flatten(&self, path: &str, found: &mut Vec<Located>) {
        match self {
            Self::Text(text) => {
                found.push(Located { path: path.to_owned(), text: text.clone(), whole: false })
            }
            Self::Fields(errors) => errors.flatten(path, found),
            Self::Items(items) => {
                for (index, violation) in items {
                    violation.flatten(&format!("{path}[{index}]"), found);
                }
            }
        }
    }
}

impl From<String> for Violation {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Violation {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Errors> for Violation {
    fn from(errors: Errors) -> Self {
        Self::Fields(errors)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Errors {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_violation_is_singular() {
        assert_eq!(
            Errors::field("host", "required field missing").message(),
            "schema violation (host: required field missing)"
        );
    }

    #[test]
    fn the_whole_comes_first_then_fields_by_name() {
        let mut errors = Errors::field("b", "second");
        errors.add("a", "first");
        errors.add_entity("the whole");
        assert_eq!(errors.message(), "3 schema violations (the whole; a: first; b: second)");
        assert_eq!(errors.to_json(), json!({"@entity": ["the whole"], "a": "first", "b": "second"}));
    }

    #[test]
    fn members_are_spelled_out_one_level_and_printed_below() {
        let mut errors = Errors::new();
        errors.add_at("config.issuer", "required field missing");
        errors.add_at("config.redis.port", "expected an integer");
        assert_eq!(
            errors.message(),
            "2 schema violations (config.issuer: required field missing; config.redis: {\n  port = \"expected an integer\"\n})"
        );
        assert_eq!(
            errors.to_json(),
            json!({"config": {"issuer": "required field missing", "redis": {"port": "expected an integer"}}})
        );
    }

    #[test]
    fn elements_count_from_one_and_holes_are_null() {
        let mut errors = Errors::new();
        errors.add("protocols", Violation::item(2, "expected one of: a, b"));
        assert_eq!(errors.message(), "schema violation (protocols.2: expected one of: a, b)");
        assert_eq!(errors.to_json(), json!({"protocols": [null, "expected one of: a, b"]}));
        let text = "expected one of: a, b".to_owned();
        assert_eq!(errors.flat(), [Located { path: "protocols[2]".to_owned(), text, whole: false }]);
    }

    #[test]
    fn a_nested_text_about_the_whole_is_printed_as_a_table() {
        let mut errors = Errors::new();
        errors.add("config", Errors::entity("all or none of these fields must be set: 'a', 'b'"));
        assert_eq!(
            errors.message(),
            "schema violation (config.@entity: {\n  \"all or none of these fields must be set: 'a', 'b'\"\n})"
        );
    }

    #[test]
    fn nothing_wrong_is_no_error() {
        assert_eq!(Errors::new().into_result(), Ok(()));
        assert!(Errors::entity("x").into_result().is_err());
    }
}

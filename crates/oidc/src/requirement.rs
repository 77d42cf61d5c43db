//! What a claim must hold: scopes, audiences, groups, roles.

use serde_json::{Map, Value};

/// A requirement on one claim, in the form of the plugin's pairs `*_claim` and `*_required`.
///
/// The claim is found by its path, each element one level deeper. Each required entry is a group of words separated by
/// spaces, all of which the claim must hold; one satisfied entry is enough. The elements of an array are values as they
/// are, never lists of words: a group named `guests of admin` is not the group `admin`. A value that equals a whole entry
/// satisfies it, so that names with spaces can be required too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    path: Vec<String>,
    groups: Vec<Group>,
    split: bool,
}

/// One required entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    whole: String,
    words: Vec<String>,
}

impl Requirement {
    /// A requirement on a claim whose string value is a list separated by spaces (`scope`, RFC 6749 §3.3).
    #[must_use]
    pub fn on_words(path: Vec<String>, required: &[String]) -> Self {
        Self::new(path, required, true)
    }

    /// A requirement on a claim whose string value is one value (`aud`, RFC 7519 §4.1.3).
    #[must_use]
    pub fn on_values(path: Vec<String>, required: &[String]) -> Self {
        Self::new(path, required, false)
    }

    fn new(path: Vec<String>, required: &[String], split: bool) -> Self {
        let group = |entry: &String| Group {
            whole: entry.clone(),
            words: entry.split_ascii_whitespace().map(str::to_owned).collect(),
        };
        Self { path, groups: required.iter().map(group).collect(), split }
    }

    /// Whether `claims` satisfy it. An absent claim, or one that is neither a scalar nor an array of scalars, holds
    /// nothing; an entry without words is never satisfied.
    #[must_use]
    pub fn holds(&self, claims: &Map<String, Value>) -> bool {
        let Some((first, rest)) = self.path.split_first() else { return false };
        let found =
            rest.iter().try_fold(claims.get(first), |value, name| Some(value?.as_object()?.get(name)));
        let Some(Some(value)) = found else { return false };
        self.groups.iter().any(|Group { whole, words }| {
            !words.is_empty()
                && (is_or_lists(value, whole) || words.iter().all(|word| self.contains(value, word)))
        })
    }

    fn contains(&self, value: &Value, word: &str) -> bool {
        match value {
            Value::String(text) if self.split => text.split_ascii_whitespace().any(|part| part == word),
            value => is_or_lists(value, word),
        }
    }
}

/// Whether a scalar is this text, or an array has it among its elements.
fn is_or_lists(value: &Value, text: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| is(item, text)),
        value => is(value, text),
    }
}

fn is(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Number(number) => number.to_string() == text,
        Value::Bool(flag) => flag.to_string() == text,
        Value::Null | Value::Object(_) | Value::Array(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn scopes(required: &[&str], claims: Value) -> bool {
        Requirement::on_words(path(&["scope"]), &path(required)).holds(claims.as_object().unwrap())
    }

    #[test]
    fn words_of_an_entry_are_all_needed_and_one_entry_is_enough() {
        assert!(scopes(&["read write"], json!({"scope": "write read admin"})));
        assert!(!scopes(&["read write"], json!({"scope": "read"})));
        assert!(scopes(&["read write", "admin"], json!({"scope": ["admin"]})));
        assert!(!scopes(&["read"], json!({"scope": "reader"})));
        assert!(!scopes(&["read"], json!({})));
        assert!(!scopes(&[" "], json!({"scope": "read"})));
        assert!(!scopes(&["read"], json!({"scope": {"read": true}})));
    }

    #[test]
    fn an_element_of_an_array_is_one_value_whatever_spaces_it_has() {
        assert!(!scopes(&["admin"], json!({"scope": ["guests of admin"]})));
        assert!(!scopes(&["guests"], json!({"scope": ["guests of admin", null, {"guests": 1}, ["guests"]]})));
        assert!(scopes(&["read write"], json!({"scope": ["read", "write"]})));
        assert!(scopes(&["Domain Admins"], json!({"scope": ["Users", "Domain Admins"]})));
        assert!(!scopes(&["Domain Admins"], json!({"scope": ["Domain  Admins", "Domain"]})));
        assert!(scopes(&["7", "true"], json!({"scope": [7]})));
        assert!(scopes(&["true"], json!({"scope": true})));
    }

    #[test]
    fn null_is_nothing_wherever_it_stands() {
        let nested = |claims: Value| {
            Requirement::on_words(path(&["a", "b"]), &path(&["null", "x"])).holds(claims.as_object().unwrap())
        };
        for claims in
            [json!({"a": null}), json!({"a": {"b": null}}), json!({"a": {"b": [null]}}), json!({"a": []})]
        {
            assert!(!nested(claims.clone()), "{claims}");
        }
        assert!(nested(json!({"a": {"b": "x"}})));
    }

    #[test]
    fn an_audience_string_is_one_value() {
        let requirement = Requirement::on_values(path(&["aud"]), &path(&["api"]));
        assert!(requirement.holds(json!({"aud": "api"}).as_object().unwrap()));
        assert!(requirement.holds(json!({"aud": ["x", "api"]}).as_object().unwrap()));
        assert!(!requirement.holds(json!({"aud": "x api"}).as_object().unwrap()));
    }

    #[test]
    fn a_path_leads_into_nested_objects() {
        let requirement = Requirement::on_words(path(&["realm_access", "roles"]), &path(&["admin"]));
        assert!(
            requirement.holds(json!({"realm_access": {"roles": ["user", "admin"]}}).as_object().unwrap())
        );
        assert!(!requirement.holds(json!({"realm_access": ["roles"]}).as_object().unwrap()));
        assert!(!requirement.holds(json!({"roles": ["admin"]}).as_object().unwrap()));
    }
}

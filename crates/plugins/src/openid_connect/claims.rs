//! Where claims are looked up.

use serde_json::{Map, Value};

/// What is known of a token: its own claims, then what its provider answered when it was asked about it too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims<'a> {
    pub(super) token: &'a Map<String, Value>,
    pub(super) answer: Option<&'a Map<String, Value>>,
}

impl<'a> Claims<'a> {
    /// The claim at a path, each element one level deeper, in the first place that has it. A null is no claim.
    pub(super) fn find(&self, path: &[String]) -> Option<&'a Value> {
        at(self.token, path).or_else(|| at(self.answer?, path))
    }
}

fn at<'a>(claims: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let found = rest.iter().try_fold(claims.get(first)?, |value, name| value.as_object()?.get(name))?;
    (!found.is_null()).then_some(found)
}

/// What a scalar says; a list of one counts as its element. Neither a list of several nor an object says one thing.
pub(super) fn one_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one] if !one.is_array() => one_text(one),
            _ => None,
        },
        value => text(value),
    }
}

/// What each scalar of a list says, or the one scalar. A string is a list of words where `split`.
pub(super) fn texts(value: &Value, split: bool) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        Value::String(words) if split => words.split_ascii_whitespace().map(str::to_owned).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_token_comes_before_the_answer_and_null_is_nothing() {
        let token = json!({"sub": "t", "a": {"b": 1}, "n": null});
        let answer = json!({"sub": "r", "n": "r", "a": {"c": 2}});
        let claims = Claims { token: token.as_object().unwrap(), answer: answer.as_object() };
        assert_eq!(claims.find(&path(&["sub"])), Some(&json!("t")));
        assert_eq!(claims.find(&path(&["a", "b"])), Some(&json!(1)));
        assert_eq!(claims.find(&path(&["a", "c"])), Some(&json!(2)));
        assert_eq!(claims.find(&path(&["n"])), Some(&json!("r")));
        for none in [&["x"][..], &[], &["sub", "x"], &["a", "b", "c"]] {
            assert_eq!(claims.find(&path(none)), None, "{none:?}");
        }
    }

    #[test]
    fn an_identity_is_one_scalar() {
        for (value, expected) in [
            (json!("a b"), Some("a b")),
            (json!(7), Some("7")),
            (json!(["a"]), Some("a")),
            (json!(["a", "b"]), None),
            (json!([["a"]]), None),
            (json!({"a": 1}), None),
            (json!(""), None),
            (json!(null), None),
        ] {
            assert_eq!(one_text(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_list_is_its_scalars() {
        assert_eq!(texts(&json!(["a b", null, 1, {"c": 1}]), true), ["a b", "1"]);
        assert_eq!(texts(&json!("a b"), true), ["a", "b"]);
        assert_eq!(texts(&json!("a b"), false), ["a b"]);
        assert_eq!(texts(&json!({"a": 1}), true), Vec::<String>::new());
    }
}

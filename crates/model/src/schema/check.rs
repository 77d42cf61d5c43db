use serde_json::Value;

/// Decides whether text has a form.
pub type PatternFn = fn(&str) -> bool;

/// A check of its own: the text for what is wrong.
pub type CheckFn = fn(&Value) -> Result<(), String>;

/// What must hold of a value beyond its type.
#[derive(Debug, Clone)]
pub enum Check {
    /// `value must be x`
    Eq(Value),
    /// `value must not be x`
    Ne(Value),
    /// `expected one of: a, b`
    OneOf(Vec<Value>),
    /// `must not be one of: a, b`
    NotOneOf(Vec<Value>),
    /// `value should be between a and b`
    Between(i64, i64),
    /// `value must be greater than x`
    Gt(i64),
    /// `length must be at least n`
    LenMin(usize),
    /// `length must be at most n`
    LenMax(usize),
    /// `should start with: x`
    StartsWith(&'static str),
    /// `invalid value: x`; the pattern as shown, and the function that decides.
    Match(&'static str, PatternFn),
    /// `expected a valid UUID`
    Uuid,
    /// `expected to contain: x`
    Contains(Value),
    /// `these sets are mutually exclusive: ('a', 'b'), ('c')`
    ExclusiveSubsets(&'static [&'static [&'static str]]),
    /// `required field missing`; only of use in a condition.
    Required,
    /// By name; returns its own text.
    Custom(&'static str, CheckFn),
}

impl Check {
    /// Checks a value that is not null, or, in a condition, any value.
    ///
    /// # Errors
    /// Kong's text.
    pub fn apply(&self, value: &Value) -> Result<(), String> {
        match self {
            Self::Eq(wanted) => demand(same(value, wanted), || format!("value must be {}", shown(wanted))),
            Self::Ne(other) => demand(!same(value, other), || format!("value must not be {}", shown(other))),
            Self::OneOf(values) => {
                demand(values.iter().any(|v| same(value, v)), || format!("expected one of: {}", list(values)))
            }
            Self::NotOneOf(values) => demand(!values.iter().any(|v| same(value, v)), || {
                format!("must not be one of: {}", list(values))
            }),
            Self::Between(low, high) => demand(
                compare(value, *low).is_some_and(|c| c.is_ge())
                    && compare(value, *high).is_some_and(|c| c.is_le()),
                || format!("value should be between {low} and {high}"),
            ),
            Self::Gt(low) => demand(compare(value, *low).is_some_and(|c| c.is_gt()), || {
                format!("value must be greater than {low}")
            }),
            Self::LenMin(length) => {
                demand(len(value) >= *length, || format!("length must be at least {length}"))
            }
            Self::LenMax(length) => {
                demand(len(value) <= *length, || format!("length must be at most {length}"))
            }
            Self::StartsWith(prefix) => {
                demand(value.as_str().is_some_and(|text| text.starts_with(prefix)), || {
                    format!("should start with: {prefix}")
                })
            }
            Self::Match(_, test) => {
                demand(value.as_str().is_some_and(test), || format!("invalid value: {}", shown(value)))
            }
            Self::Uuid => demand(value.as_str().is_some_and(is_uuid), || "expected a valid UUID".to_owned()),
            Self::Contains(wanted) => {
                demand(value.as_array().is_some_and(|items| items.iter().any(|i| same(i, wanted))), || {
                    format!("expected to contain: {}", shown(wanted))
                })
            }
            Self::ExclusiveSubsets(sets) => exclusive_subsets(value, sets),
            Self::Required => demand(!value.is_null(), || "required field missing".to_owned()),
            Self::Custom(_, check) => check(value),
        }
    }
}

/// Whether two values are equal, with numbers by value (`1` and `1.0`).
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter().all(|(name, value)| y.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

/// Whether text is a UUID in its hyphenated form.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A value inside a text: strings without quotes, the rest as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn demand(holds: bool, text: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(text()) }
}

fn compare(value: &Value, bound: i64) -> Option<std::cmp::Ordering> {
    if let Some(integer) = value.as_i64() {
        return Some(integer.cmp(&bound));
    }
    // A bound is a small configured limit, so it has an exact floating-point form.
    value.as_f64().and_then(|number| number.partial_cmp(&(bound as f64)))
}

fn len(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

fn list(values: &[Value]) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn exclusive_subsets(value: &Value, sets: &[&[&str]]) -> Result<(), String> {
    let items: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let touched = sets.iter().filter(|set| items.iter().any(|item| set.contains(item))).count();
    demand(touched <= 1, || {
        let shown: Vec<String> = sets
            .iter()
            .map(|set| {
                format!("({})", set.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "))
            })
            .collect();
        format!("these sets are mutually exclusive: {}", shown.join(", "))
    })
}

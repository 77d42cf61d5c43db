use serde_json::Value;

use super::Check;
use super::check::{same, shown};
use super::path::at;
use crate::{Errors, Record};

/// A check of its own across the fields of a record.
pub type EntityCheckFn = fn(&Record) -> Result<(), Errors>;

/// What must hold across the fields of a record. Fields are named by dotted paths.
#[derive(Debug, Clone)]
pub enum EntityCheck {
    /// `at least one of these fields must be non-empty: 'a', 'b'`
    AtLeastOneOf(&'static [&'static str]),
    /// `exactly one of these fields must be non-empty: 'a', 'b'`
    OnlyOneOf(&'static [&'static str]),
    /// `all or none of these fields must be set: 'a', 'b'`
    MutuallyRequired(&'static [&'static str]),
    /// `only one or none of these fields must be set: 'a', 'b'`
    MutuallyExclusive(&'static [&'static str]),
    /// `values of these fields must be distinct: 'a', 'b'`
    Distinct(&'static [&'static str]),
    /// When one field matches, another must: the other's own text, and
    /// `failed conditional validation given value of field 'a'`.
    Conditional {
        /// The field that decides whether the check applies.
        if_field: &'static str,
        /// What it must fulfil for that.
        if_match: Check,
        /// The field that is checked then.
        then_field: &'static str,
        /// What that must fulfil.
        then_match: Check,
    },
    /// The first of these whose condition holds demands a field that is set, with a text of its own.
    ConditionalAtLeastOneOf {
        /// The field that decides.
        if_field: &'static str,
        /// What is demanded, by what that field holds.
        cases: Vec<AtLeastOne>,
    },
    /// A check of its own; it is left out when one of these fields failed before.
    Custom {
        /// Its name.
        name: &'static str,
        /// The fields that it looks at.
        fields: &'static [&'static str],
        /// The check.
        check: EntityCheckFn,
    },
}

/// One case of [`EntityCheck::ConditionalAtLeastOneOf`].
#[derive(Debug, Clone)]
pub struct AtLeastOne {
    /// When it applies.
    pub if_match: Check,
    /// The fields of which one must be set.
    pub fields: &'static [&'static str],
    /// The text; `%s` stands for the fields.
    pub text: &'static str,
}

impl EntityCheck {
    /// Runs the check, unless a field that it looks at failed before, and adds what it finds.
    pub(crate) fn run(&self, record: &Record, errors: &mut Errors) {
        if self.fields().iter().any(|path| errors.has(path.split('.').next().unwrap_or(path))) {
            return;
        }
        match self {
            Self::AtLeastOneOf(fields) => {
                demand(
                    count_set(record, fields) > 0,
                    "at least one of these fields must be non-empty",
                    fields,
                    errors,
                );
            }
            Self::OnlyOneOf(fields) => {
                demand(
                    count_set(record, fields) == 1,
                    "exactly one of these fields must be non-empty",
                    fields,
                    errors,
                );
            }
            Self::MutuallyRequired(fields) => {
                let count = count_set(record, fields);
                demand(
                    count == 0 || count == fields.len(),
                    "all or none of these fields must be set",
                    fields,
                    errors,
                );
            }
            Self::MutuallyExclusive(fields) => {
                demand(
                    count_set(record, fields) <= 1,
                    "only one or none of these fields must be set",
                    fields,
                    errors,
                );
            }
            Self::Distinct(fields) => {
                let values: Vec<&Value> =
                    fields.iter().map(|path| at(record, path)).filter(|v| !v.is_null()).collect();
                let distinct =
                    values.iter().enumerate().all(|(n, a)| !values.iter().skip(n + 1).any(|b| same(a, b)));
                demand(distinct, "values of these fields must be distinct", fields, errors);
            }
            Self::Conditional { if_field, if_match, then_field, then_match } => {
                if if_match.apply(at(record, if_field)).is_ok()
                    && let Err(text) = then_match.apply(at(record, then_field))
                {
                    errors.add_at(then_field, text);
                    errors.add_entity(format!(
                        "failed conditional validation given value of field '{if_field}'"
                    ));
                }
            }
            Self::ConditionalAtLeastOneOf { if_field, cases } => {
                let value = at(record, if_field);
                let case = cases.iter().find(|case| case.if_match.apply(value).is_ok());
                if let Some(case) = case
                    && count_set(record, case.fields) == 0
                {
                    errors.add_entity(case.text.replace("%s", &quoted(case.fields)));
                }
            }
            Self::Custom { check, .. } => {
                if let Err(found) = check(record) {
                    errors.merge(found);
                }
            }
        }
    }

    /// Its name in `/schemas/*`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AtLeastOneOf(_) => "at_least_one_of",
            Self::OnlyOneOf(_) => "only_one_of",
            Self::MutuallyRequired(_) => "mutually_required",
            Self::MutuallyExclusive(_) => "mutually_exclusive",
            Self::Distinct(_) => "distinct",
            Self::Conditional { .. } => "conditional",
            Self::ConditionalAtLeastOneOf { .. } => "conditional_at_least_one_of",
            Self::Custom { .. } => "custom_entity_check",
        }
    }

    /// The fields that it looks at.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::AtLeastOneOf(fields)
            | Self::OnlyOneOf(fields)
            | Self::MutuallyRequired(fields)
            | Self::MutuallyExclusive(fields)
            | Self::Distinct(fields)
            | Self::Custom { fields, .. } => fields.to_vec(),
            Self::Conditional { if_field, then_field, .. } => vec![if_field, then_field],
            Self::ConditionalAtLeastOneOf { if_field, cases } => std::iter::once(*if_field)
                .chain(cases.iter().flat_map(|case| case.fields.iter().copied()))
                .collect(),
        }
    }

    /// What it demands, for `/schemas/*`.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Conditional { if_field, if_match, then_field, then_match } => serde_json::json!({
                "if_field": if_field, "if_match": if_match.to_json(), "then_field": then_field, "then_match": then_match.to_json(),
            }),
            Self::ConditionalAtLeastOneOf { if_field, cases } => {
                let cases: Vec<Value> = cases
                    .iter()
                    .map(|case| serde_json::json!({"if_match": case.if_match.to_json(), "then_at_least_one_of": case.fields, "then_err": case.text}))
                    .collect();
                serde_json::json!({"if_field": if_field, "cases": cases})
            }
            Self::Custom { fields, .. } => serde_json::json!({"field_sources": fields}),
            other => other.fields().into(),
        }
    }
}

/// Fields that hold something: neither null nor an empty string or table.
fn count_set(record: &Record, fields: &[&str]) -> usize {
    fields.iter().filter(|path| !is_empty(at(record, path))).count()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => shown(other).is_empty(),
    }
}

fn demand(holds: bool, text: &str, fields: &[&str], errors: &mut Errors) {
    if !holds {
        errors.add_entity(format!("{text}: {}", quoted(fields)));
    }
}

fn quoted(fields: &[&str]) -> String {
    fields.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

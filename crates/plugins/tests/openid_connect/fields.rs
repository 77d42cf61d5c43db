//! Every field of Kong's plugin, version 3.15, is a field here with the same type, default and checks. The table beside this
//! file says what they are.

use std::collections::BTreeSet;

use keybound_model::schema::{Check, Kind, Schema, Type};
use keybound_plugins::descriptions;
use serde_json::{Value, json};

const TABLE: &str = include_str!("fields.tsv");

/// Numbers that have bounds here and none there: no sum of times may overflow, and nothing waits for ever or not at all.
const BOUNDED: [&str; 9] = [
    "cache_ttl",
    "cache_ttl_max",
    "cache_ttl_min",
    "cache_ttl_neg",
    "cache_ttl_resurrect",
    "dpop_proof_lifetime",
    "leeway",
    "rediscovery_lifetime",
    "timeout",
];

/// Fields that take more values here than there.
const WIDER: [&str; 1] = ["proof_of_possession_mtls_from_header.certificate_header_format"];

struct Row<'a> {
    name: &'a str,
    kind: &'a str,
    default: Value,
    required: bool,
    one_of: BTreeSet<String>,
    between: Option<(i64, i64)>,
    len_min: Option<usize>,
    form: &'a str,
    referenceable: bool,
    encrypted: bool,
}

fn rows() -> Vec<Row<'static>> {
    TABLE.lines().skip(1).map(row).collect()
}

fn row(line: &'static str) -> Row<'static> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [name, kind, default, required, one_of, between, len_min, form, referenceable, encrypted] = cells[..]
    else {
        panic!("not ten cells: {line}")
    };
    let range = |(low, high): (&str, &str)| (low.parse().unwrap(), high.parse().unwrap());
    Row {
        name,
        kind,
        default: if default.is_empty() { Value::Null } else { serde_json::from_str(default).unwrap() },
        required: required == "yes",
        one_of: one_of.split('|').filter(|value| !value.is_empty()).map(str::to_owned).collect(),
        between: between.split_once("..").map(range),
        len_min: len_min.parse().ok(),
        form,
        referenceable: referenceable == "yes",
        encrypted: encrypted == "yes",
    }
}

fn schema() -> Schema {
    descriptions().into_iter().find(|plugin| plugin.name == "openid-connect").unwrap().config.as_ref().clone()
}

/// The type at a path: `a.b` is in a record, `a[].b` in the records of a list.
fn at<'a>(schema: &'a Schema, path: &str) -> Option<&'a Type> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let ty = schema.field(first.trim_end_matches("[]"))?;
    let Some(rest) = rest else { return Some(ty) };
    let inner = if first.ends_with("[]") { element(ty)? } else { ty };
    match &inner.kind {
        Kind::Record(schema) => at(schema, rest),
        _ => None,
    }
}

fn element(ty: &Type) -> Option<&Type> {
    match &ty.kind {
        Kind::Array(element) | Kind::Set(element) => Some(element),
        _ => None,
    }
}

fn kind(ty: &Type) -> String {
    match &ty.kind {
        Kind::Array(element) | Kind::Set(element) => format!("array<{}>", kind(element)),
        Kind::Record(_) => "object".to_owned(),
        _ => ty.name().to_owned(),
    }
}

/// Lists without their order, numbers without their form.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().map(|item| plain(item).to_string()).collect();
            items.sort();
            json!(items)
        }
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What differs between a row and a type.
fn differences(row: &Row<'_>, ty: &Type) -> Vec<String> {
    let checks = || ty.checks.iter().chain(element(ty).into_iter().flat_map(|element| &element.checks));
    let one_of: BTreeSet<String> = checks()
        .filter_map(|check| if let Check::OneOf(values) = check { Some(values) } else { None })
        .flatten()
        .map(text)
        .collect();
    let between = checks()
        .find_map(|check| if let Check::Between(low, high) = check { Some((*low, *high)) } else { None });
    let len_min = ty
        .checks
        .iter()
        .find_map(|check| if let Check::LenMin(length) = check { Some(*length) } else { None });
    let form = checks().find_map(|check| match check {
        Check::Custom("url", _) => Some("url"),
        Check::Uuid => Some("uuid"),
        Check::StartsWith("/") => Some("path"),
        _ => None,
    });
    let any = |flag: fn(&Type) -> bool| flag(ty) || element(ty).is_some_and(flag);
    let mut found = Vec::new();
    let mut same = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(format!("{}: {what}: there {theirs}, here {ours}", row.name));
        }
    };
    same("type", row.kind.to_owned(), kind(ty));
    same(
        "default",
        plain(&row.default).to_string(),
        plain(ty.default.as_ref().unwrap_or(&Value::Null)).to_string(),
    );
    if row.kind != "object" {
        same("required", row.required.to_string(), ty.required.to_string());
    }
    if !(WIDER.contains(&row.name) && one_of.is_superset(&row.one_of)) {
        same("one_of", format!("{:?}", row.one_of), format!("{one_of:?}"));
    }
    if !(BOUNDED.contains(&row.name) && row.between.is_none()) {
        same("between", format!("{:?}", row.between), format!("{between:?}"));
    }
    same("len_min", format!("{:?}", row.len_min), format!("{len_min:?}"));
    same("form", row.form.to_owned(), form.unwrap_or_default().to_owned());
    same("referenceable", row.referenceable.to_string(), any(|ty| ty.referenceable).to_string());
    same("encrypted", row.encrypted.to_string(), any(|ty| ty.encrypted).to_string());
    found
}

#[test]
fn every_field_has_kongs_type_default_and_checks() {
    let schema = schema();
    let rows = rows();
    assert!(rows.len() > 300, "the table has {} rows", rows.len());
    let found: Vec<String> = rows
        .iter()
        .flat_map(|row| match at(&schema, row.name) {
            Some(ty) => differences(row, ty),
            None => vec![format!("{}: missing", row.name)],
        })
        .collect();
    assert_eq!(found, Vec::<String>::new(), "\n{}", found.join("\n"));
}

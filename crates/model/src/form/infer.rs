//! From a tree of arguments to JSON, by the types of a schema.

use serde_json::{Number, Value};

use super::FormValue;
use super::tree::Node;
use crate::Record;
use crate::schema::{Kind, Schema, Type};

pub(super) fn record(node: Node, schema: &Schema) -> Record {
    node.members
        .into_iter()
        .map(|(name, node)| {
            let ty = schema.input(&name);
            let value = value(node, ty);
            (name, value)
        })
        .collect()
}

fn value(mut node: Node, ty: Option<&Type>) -> Value {
    let kind = ty.map(|ty| &ty.kind);
    if node.members.is_empty() && node.appended.is_empty() && node.values.len() == 1 {
        return node.values.pop().map_or(Value::Null, |value| scalar(value, kind));
    }
    match kind {
        Some(Kind::Array(element) | Kind::Set(element)) => elements(node, Some(element)),
        Some(Kind::Record(schema)) if node.is_named() => Value::Object(record(node, schema)),
        Some(Kind::Map(_, values)) if node.is_named() => {
            node.members.into_iter().map(|(name, node)| (name, value(node, Some(values)))).collect()
        }
        Some(Kind::Foreign(_)) if node.is_named() => members(node),
        _ if node.is_named() && !node.is_indexed() => members(node),
        _ => elements(node, None),
    }
}

impl Node {
    fn is_named(&self) -> bool {
        self.values.is_empty() && self.appended.is_empty()
    }
}

fn members(node: Node) -> Value {
    node.members.into_iter().map(|(name, node)| (name, value(node, None))).collect()
}

fn elements(node: Node, element: Option<&Type>) -> Value {
    node.into_elements().into_iter().map(|node| value(node, element)).collect()
}

fn scalar(value: FormValue, kind: Option<&Kind>) -> Value {
    match value {
        FormValue::Json(value) => value,
        FormValue::Text(text) if text.is_empty() => Value::Null,
        FormValue::Text(text) => match kind {
            Some(Kind::Boolean) if text == "true" => Value::Bool(true),
            Some(Kind::Boolean) if text == "false" => Value::Bool(false),
            Some(Kind::Integer | Kind::Number) => number(&text).map_or(Value::String(text), Value::Number),
            Some(Kind::Array(element) | Kind::Set(element)) => {
                Value::Array(vec![scalar(FormValue::Text(text), Some(&element.kind))])
            }
            _ => Value::String(text),
        },
    }
}

fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

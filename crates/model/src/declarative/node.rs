//! YAML or JSON as a tree that knows where each value stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;

use super::DeclarativeFault;
use crate::Record;

/// A value with the place where it starts.
#[derive(Debug)]
pub(super) struct Placed {
    position: Option<(u64, u64)>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Scalar(Value),
    List(Vec<Placed>),
    Object(Vec<(String, Placed)>),
}

/// Reads a text: as YAML, of which JSON is nearly a part; a JSON text that YAML does not take is read as JSON, without
/// places.
pub(super) fn read(text: &str, file: &str) -> Result<Placed, DeclarativeFault> {
    let yaml = match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options()) {
        Ok(spanned) => return Ok(spanned.into()),
        Err(fault) => fault,
    };
    let json = match serde_json::from_str::<Value>(text) {
        Ok(value) => return Ok(value.into()),
        Err(fault) => fault,
    };
    if text.trim_start().starts_with('{') {
        let position = (json.line() as u64, json.column() as u64);
        let text = json.to_string();
        let cause = text.split(" at line ").next().unwrap_or(&text);
        return Err(DeclarativeFault::whole(file, Some(position), format!("cannot parse: {cause}")));
    }
    let position = yaml.location().map(|place| (place.line(), place.column())).filter(|(line, _)| *line > 0);
    let text = yaml.without_snippet().to_string();
    let cause = text.lines().next().unwrap_or_default();
    Err(DeclarativeFault::whole(file, position, format!("cannot parse: {}", without_place(cause))))
}

/// The operator's own file is not an attack: only runaway aliases and nesting stay bounded.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: 100_000_000,
            max_nodes: 50_000_000,
            max_total_scalar_bytes: 1 << 30,
        },
    }
}

/// The parser puts its own place into the text; it is said once, in front.
fn without_place(text: &str) -> &str {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let text = match text.strip_prefix("line ") {
        Some(rest) => rest.split_once(": ").map_or(text, |(_, cause)| cause),
        None => text,
    };
    let text = text.split(" at line ").next().unwrap_or(text);
    // A hint for programmers, of no use to the writer of a file.
    text.split(", set DuplicateKeyPolicy").next().unwrap_or(text)
}

impl Placed {
    /// The plain value.
    pub(super) fn value(&self) -> Value {
        match &self.node {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => items.iter().map(Self::value).collect(),
            Node::Object(members) => {
                Value::Object(members.iter().map(|(name, v)| (name.clone(), v.value())).collect::<Record>())
            }
        }
    }

    /// Where the value at a path like `services[2].paths[1]` starts, or the nearest value around it.
    pub(super) fn locate(&self, path: &str) -> Option<(u64, u64)> {
        let mut place = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let inner = match &place.node {
                Node::List(items) => {
                    let index =
                        step.trim_end_matches(']').parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                    index.and_then(|index| items.get(index))
                }
                Node::Object(members) => {
                    members.iter().find(|(name, _)| name == step).map(|(_, value)| value)
                }
                Node::Scalar(_) => None,
            };
            match inner {
                Some(inner) => place = inner,
                None => break,
            }
        }
        place.position
    }
}

impl From<Spanned<Node>> for Placed {
    fn from(spanned: Spanned<Node>) -> Self {
        let place = spanned.referenced;
        Self {
            position: Some((place.line(), place.column())).filter(|(line, _)| *line > 0),
            node: spanned.value,
        }
    }
}

impl From<Value> for Placed {
    fn from(value: Value) -> Self {
        let node = match value {
            Value::Array(items) => Node::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                Node::Object(members.into_iter().map(|(name, v)| (name, v.into())).collect())
            }
            scalar => Node::Scalar(scalar),
        };
        Self { position: None, node }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Node::Scalar(Value::Number(number)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Node>>()? {
            items.push(item.into());
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members: Vec<(String, Placed)> = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            members.push((name, access.next_value::<Spanned<Node>>()?.into()));
        }
        Ok(Node::Object(members))
    }
}

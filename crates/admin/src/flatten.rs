//! What is wrong with a declarative configuration, sorted by entity: `flattened_errors`.

use std::collections::BTreeMap;

use keybound_model::declarative::{DeclarativeFault, Problem};
use keybound_model::entity::by_name;
use keybound_model::{Errors, Record};
use serde_json::{Value, json};

/// What remains for `fields`, and `flattened_errors`: one member for each entity that something is wrong with. The rest
/// is about the configuration as a whole.
pub(crate) fn flatten(fault: &DeclarativeFault, text: &str) -> (Value, Value) {
    let tree = tree(text);
    let mut entities: BTreeMap<Way, Vec<(String, &Problem)>> = BTreeMap::new();
    let mut rest = Errors::new();
    for problem in &fault.problems {
        match split(&problem.path) {
            Some((entity, field)) => entities.entry(entity).or_default().push((field, problem)),
            None if problem.path.is_empty() => rest.add("error", problem.text.clone()),
            None => rest.add_at(&problem.path, problem.text.clone()),
        }
    }
    let flattened = entities.into_iter().filter_map(|(path, problems)| {
        let (kind, _) = path.last()?;
        let entity = without_children(at(&tree, &path));
        let errors: Vec<Value> = problems.into_iter().map(|(field, problem)| error(field, problem)).collect();
        Some(json!({
            "entity_type": by_name(kind)?.singular,
            "entity_id": entity.get("id"),
            "entity_name": entity.get("name"),
            "entity_tags": entity.get("tags"),
            "entity": entity,
            "errors": errors,
        }))
    });
    let flattened = flattened.map(without_null).collect();
    (rest.to_json(), flattened)
}

/// The kinds and places that lead to an entity, from the top.
type Way = Vec<(String, usize)>;

fn error(field: String, problem: &Problem) -> Value {
    if field.is_empty() {
        json!({"type": "entity", "message": problem.text})
    } else {
        json!({"type": "field", "field": field, "message": problem.text})
    }
}

fn tree(text: &str) -> Value {
    let json = serde_json::from_str(text).ok();
    json.or_else(|| serde_saphyr::from_str(text).ok()).unwrap_or(Value::Null)
}

/// Splits `services[2].routes[1].paths[1]` into the way to the innermost entity and the field of it: `paths.1`.
fn split(path: &str) -> Option<(Way, String)> {
    let mut entity = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = rest.split_once('.').unwrap_or((rest, ""));
        let Some((kind, index)) = step.strip_suffix(']').and_then(|step| step.split_once('[')) else { break };
        let (Some(_), Ok(index)) = (by_name(kind), index.parse()) else { break };
        entity.push((kind.to_owned(), index));
        rest = after;
    }
    (!entity.is_empty()).then(|| (entity, rest.replace('[', ".").replace(']', "")))
}

fn at<'a>(tree: &'a Value, path: &[(String, usize)]) -> &'a Value {
    path.iter().fold(tree, |value, (kind, index)| {
        let items = value.get(kind).and_then(|items| items.get(index.saturating_sub(1)));
        items.unwrap_or(&Value::Null)
    })
}

/// The entity as it was sent, without the entities nested in it, which are listed for themselves.
fn without_children(value: &Value) -> Record {
    let members = value.as_object().into_iter().flatten();
    let own = members.filter(|(name, value)| !(by_name(name).is_some() && value.is_array()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

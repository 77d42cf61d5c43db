//! Ids of entities, and what references mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::collect::Item;
use super::load::Problems;
use crate::Record;
use crate::entity::Descriptor;
use crate::ids;

/// The ids of a file: by entity and endpoint key, and all of each entity.
#[derive(Default)]
pub(super) struct Index {
    by_key: BTreeMap<(&'static str, String), Uuid>,
    known: BTreeSet<(&'static str, Uuid)>,
    content: BTreeMap<(&'static str, String), usize>,
}

impl Index {
    /// Gives each item an id and replaces its references by ids. Parents come first, so that an id can follow from
    /// what an entity refers to.
    pub(super) fn settle(&mut self, items: &mut [Item], problems: &mut Problems) {
        for entity in crate::entity::all() {
            for place in 0..items.len() {
                let parent = items.get(place).and_then(|item| item.parent);
                let parent = parent.and_then(|(field, place)| {
                    Some((field, items.get(place)?.record.get("id")?.as_str().and_then(ids::parse)?))
                });
                if let Some(item) = items.get_mut(place).filter(|item| item.entity.name == entity.name) {
                    let written = item.record.clone();
                    self.references(item, parent, problems);
                    self.identify(item, &written);
                }
            }
        }
    }

    fn references(&self, item: &mut Item, parent: Option<(&'static str, Uuid)>, problems: &mut Problems) {
        for (field, foreign) in item.entity.foreign_keys() {
            let given = item.record.get(field).cloned().unwrap_or(Value::Null);
            let parents = crate::entity::by_name(foreign.entity);
            if parents.is_none() && !given.is_null() {
                problems.add(
                    &format!("{}.{field}", item.path),
                    format!("'{field}' is not supported by Keybound yet"),
                );
                item.record.remove(field);
                continue;
            }
            let Some(named) = reference(&given, parents) else {
                // Not a reference at all: the field's own check says what is wrong with it.
                continue;
            };
            let outer = parent.filter(|(name, _)| *name == field).map(|(_, id)| id);
            let id = match &named {
                None => outer,
                Some(text) => self.find(foreign.entity, text),
            };
            match (id, &named) {
                (None, None) => {}
                (None, Some(text)) => {
                    let text = format!(
                        "invalid reference '{field}: {text}' (no such entry in '{}')",
                        foreign.entity
                    );
                    problems.add(&format!("{}.{field}", item.path), text);
                    item.record.remove(field);
                }
                (Some(id), Some(text)) if outer.is_some_and(|outer| outer != id) => {
                    let text =
                        format!("invalid reference '{field}: {text}' (the entry stands inside another one)");
                    problems.add(&format!("{}.{field}", item.path), text);
                    item.record.remove(field);
                }
                (Some(id), _) => {
                    item.record.insert(field.to_owned(), json!({"id": id.to_string()}));
                }
            }
        }
    }

    fn find(&self, entity: &'static str, text: &str) -> Option<Uuid> {
        let id = ids::parse(text).filter(|id| self.known.contains(&(entity, *id)));
        id.or_else(|| self.by_key.get(&(entity, text.to_owned())).copied())
    }

    fn identify(&mut self, item: &mut Item, written: &Record) {
        let entity = item.entity;
        let id = match item.record.get("id") {
            None | Some(Value::Null) => self.derive(item, written),
            Some(Value::String(text)) => match ids::parse(text) {
                Some(id) => id,
                None => return,
            },
            Some(_) => return,
        };
        item.record.insert("id".to_owned(), json!(id.to_string()));
        self.known.insert((entity.name, id));
        if let Some(key) = entity.endpoint_value(&item.record) {
            self.by_key.entry((entity.name, key.to_owned())).or_insert(id);
        }
    }

    /// The id that follows from the endpoint key, else from the fields that are unique together, else from everything
    /// that the entity says; a second one that says the same is counted.
    ///
    /// As in Kong, a reference takes part as it is written, or with the id of the entity around it.
    fn derive(&mut self, item: &Item, written: &Record) -> Uuid {
        let entity = item.entity;
        if let Some(key) = entity.endpoint_value(&item.record) {
            return ids::deterministic(entity.name, key);
        }
        let part = |field: &str| match written.get(field) {
            Some(Value::String(text)) => text.clone(),
            _ => match item.record.get(field) {
                Some(Value::Object(reference)) => {
                    reference.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
                }
                Some(Value::String(text)) => text.clone(),
                _ => String::new(),
            },
        };
        if entity.name == "targets" {
            return ids::deterministic(entity.name, &format!("{}:{}", part("target"), part("upstream")));
        }
        if !entity.cache_key.is_empty() {
            let parts: Vec<String> = entity.cache_key.iter().map(|field| part(field)).collect();
            let key = format!("{}:{}", entity.name, parts.join(":"));
            // Groups of consumers came later: a plugin without one has the id that it had before.
            let key = if entity.is_plugin { key.strip_suffix(':').unwrap_or(&key) } else { &key };
            return ids::deterministic(entity.name, key);
        }
        let content = Value::Object(item.record.clone()).to_string();
        let count = self.content.entry((entity.name, content.clone())).or_default();
        *count += 1;
        ids::deterministic(entity.name, &format!("{content}:{count}"))
    }
}

/// The id or endpoint key that a reference gives: `None` for what is no reference, `Some(None)` for none.
fn reference(value: &Value, parent: Option<&Descriptor>) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        Value::Object(members) => {
            let key = parent.and_then(|parent| parent.endpoint_key);
            let found = members.get("id").or_else(|| members.get(key?));
            found.and_then(Value::as_str).map(|text| Some(text.to_owned()))
        }
        _ => None,
    }
}

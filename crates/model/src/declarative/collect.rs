//! Takes the entities out of a file, nested or not.

use serde_json::Value;

use super::load::Problems;
use crate::Record;
use crate::entity::{self, CONSUMER_GROUP_CONSUMERS, Descriptor, NOT_YET_SUPPORTED, RouterFlavor};
use crate::schema::Foreign;

/// An entity as it stands in the file.
pub(super) struct Item {
    pub(super) entity: &'static Descriptor,
    /// The way to it.
    pub(super) path: String,
    pub(super) record: Record,
    /// The field that refers to the entity around it, and that entity's place among the items.
    pub(super) parent: Option<(&'static str, usize)>,
}

/// Every entity of the file, parents before what is nested in them.
pub(super) fn items(top: Record, flavor: RouterFlavor, problems: &mut Problems) -> Vec<Item> {
    let mut collector = Collector { flavor, items: Vec::new(), problems };
    for (name, value) in top {
        match entity::by_name_for(flavor, &name) {
            Some(entity) => collector.list(entity, &name, value, None),
            None if NOT_YET_SUPPORTED.contains(&name.as_str()) => {
                if !is_empty(&value) {
                    collector.problems.add(&name, format!("'{name}' are not supported by Keybound yet"));
                }
            }
            None => collector.problems.add(&name, "unknown field"),
        }
    }
    collector.items
}

/// A list inside an entity that says who is in which group: its name, the side that it names, and that side's key.
struct Members {
    entity: &'static str,
    list: &'static str,
    own: &'static str,
    other: &'static str,
    key: &'static str,
}

const MEMBERS: [Members; 2] = [
    Members { entity: "consumers", list: "groups", own: "consumer", other: "consumer_group", key: "name" },
    Members {
        entity: "consumer_groups",
        list: "consumers",
        own: "consumer_group",
        other: "consumer",
        key: "username",
    },
];

struct Collector<'a> {
    flavor: RouterFlavor,
    items: Vec<Item>,
    problems: &'a mut Problems,
}

type Parent = Option<(&'static str, usize)>;

impl Collector<'_> {
    fn list(&mut self, entity: &'static Descriptor, path: &str, value: Value, parent: Parent) {
        match value {
            Value::Null => {}
            Value::Array(values) => {
                for (index, value) in values.into_iter().enumerate() {
                    let path = format!("{path}[{}]", index + 1);
                    match value {
                        Value::Object(record) => self.one(entity, path, record, parent),
                        // Names of a certificate may stand by themselves, as in the Admin API.
                        Value::String(name) if entity.name == "snis" => {
                            self.one(
                                entity,
                                path,
                                Record::from_iter([("name".to_owned(), name.into())]),
                                parent,
                            );
                        }
                        _ => self.problems.add(&path, "expected a record"),
                    }
                }
            }
            _ => self.problems.add(path, "expected an array"),
        }
    }

    fn one(&mut self, entity: &'static Descriptor, path: String, mut record: Record, parent: Parent) {
        self.problems.check_remarks(&mut record, &path);
        let children: Vec<_> = children(entity, self.flavor)
            .filter_map(|(child, field)| Some((child, field, record.remove(child.name)?)))
            .collect();
        let members: Vec<_> = MEMBERS
            .iter()
            .filter(|members| members.entity == entity.name)
            .filter_map(|members| Some((members, record.remove(members.list)?)))
            .collect();
        for name in NOT_YET_SUPPORTED.iter().filter(|name| entity.schema.field(name).is_none()) {
            if let Some(value) = record.remove(*name)
                && !is_empty(&value)
            {
                self.problems
                    .add(&format!("{path}.{name}"), format!("'{name}' are not supported by Keybound yet"));
            }
        }
        let place = self.items.len();
        self.items.push(Item { entity, path: path.clone(), record, parent });
        for (child, field, value) in children {
            self.list(child, &format!("{path}.{}", child.name), value, Some((field, place)));
        }
        for (members, value) in members {
            self.members(members, &format!("{path}.{}", members.list), value, place);
        }
    }

    /// Each element, a name or an object with one, is a membership by itself.
    fn members(&mut self, members: &Members, path: &str, value: Value, place: usize) {
        let values = match value {
            Value::Null => return,
            Value::Array(values) => values,
            _ => return self.problems.add(path, "expected an array"),
        };
        for (index, value) in values.into_iter().enumerate() {
            let path = format!("{path}[{}]", index + 1);
            let named = match &value {
                Value::String(_) => Some(value.clone()),
                Value::Object(object) => object.get("id").or_else(|| object.get(members.key)).cloned(),
                _ => None,
            };
            match named {
                Some(named @ Value::String(_)) => {
                    let record = Record::from_iter([(members.other.to_owned(), named)]);
                    self.items.push(Item {
                        entity: &CONSUMER_GROUP_CONSUMERS,
                        path,
                        record,
                        parent: Some((members.own, place)),
                    });
                }
                _ => self.problems.add(&path, format!("expected a {}, or an object with one", members.key)),
            }
        }
    }
}

/// The kinds that may be nested in this one, with the field that refers to it.
fn children(
    entity: &Descriptor,
    flavor: RouterFlavor,
) -> impl Iterator<Item = (&'static Descriptor, &'static str)> {
    entity::all_for(flavor).into_iter().filter_map(|child| {
        let mut keys = child.foreign_keys();
        let field = keys.find(|(_, Foreign { entity: parent, .. })| *parent == entity.name)?.0;
        entity.schema.field(child.name).is_none().then_some((child, field))
    })
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

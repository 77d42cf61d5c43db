use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::collect::{Item, items};
use super::node::{Placed, read};
use super::resolve::{Index, cache_key};
use super::{DeclarativeFault, Declared, FORMAT_VERSIONS, Problem, coerce, hash, legacy};
use crate::entity::{self, Descriptor, Fresh, protocols_fit};
use crate::schema::{Schema, any, array, boolean, string};
use crate::{Configuration, Errors, PluginCatalog, Record, Violation, ids};

/// Reads a declarative file. `file` is its name, for messages; `now` the time of creation of its entities, in seconds.
///
/// # Errors
/// Everything that is wrong with it, each with its place: [`DeclarativeFault`].
pub fn parse(
    text: &str,
    file: &str,
    now: i64,
    catalog: &dyn PluginCatalog,
) -> Result<Declared, DeclarativeFault> {
    let tree = read(text, file)?;
    let Value::Object(mut top) = tree.value() else {
        return Err(DeclarativeFault::whole(file, tree.locate(""), "expected a declarative configuration"));
    };
    let mut problems = Problems::default();
    let version = problems.header(&mut top);
    let mut items = items(top, &mut problems);
    for item in &mut items {
        prepare(item, version.as_deref(), catalog);
    }
    Index::default().settle(&mut items, &mut problems);
    let records = validate(&items, now, catalog, &mut problems);
    unique(&records, &mut problems);
    fitting(&records, &mut problems);
    let configuration = configuration(&records, &mut problems);
    problems.into_result(file, &tree)?;
    let mut declared = Declared { records: BTreeMap::new(), configuration, hash: hash(text) };
    for (item, record) in records {
        declared.records.entry(item.entity.name).or_default().push(record);
    }
    Ok(declared)
}

/// What is wrong so far, by path.
#[derive(Default)]
pub(super) struct Problems {
    found: Vec<(String, String)>,
}

impl Problems {
    pub(super) fn add(&mut self, path: &str, text: impl Into<String>) {
        self.found.push((path.to_owned(), text.into()));
    }

    fn add_all(&mut self, path: &str, errors: &Errors) {
        for (inner, text) in errors.flat() {
            self.add(&if inner.is_empty() { path.to_owned() } else { format!("{path}.{inner}") }, text);
        }
    }

    fn has(&self, path: &str) -> bool {
        self.found.iter().any(|(known, _)| known.starts_with(path))
    }

    /// Takes the keys that are no entities off the top, and says which format it is.
    fn header(&mut self, top: &mut Record) -> Option<String> {
        let schema = Schema::new([
            ("_format_version", string().required().one_of(FORMAT_VERSIONS)),
            ("_transform", boolean().default(true)),
            ("_comment", string()),
            ("_ignore", array(any())),
        ]);
        let mut header = Record::new();
        for field in &schema.fields {
            if let Some(value) = top.remove(field.name) {
                header.insert(field.name.to_owned(), value);
            }
        }
        coerce::booleans(&mut header, &schema);
        match schema.process(header) {
            Ok(header) => header.get("_format_version").and_then(Value::as_str).map(str::to_owned),
            Err(errors) => {
                for (path, text) in errors.flat() {
                    self.add(&path, text);
                }
                None
            }
        }
    }

    /// Takes the remarks off an entity.
    pub(super) fn check_remarks(&mut self, record: &mut Record, path: &str) {
        for (name, ty) in [("_comment", string()), ("_ignore", array(any()))] {
            if let Some(value) = record.remove(name)
                && let Err(violation) = ty.process(value)
            {
                let mut errors = Errors::new();
                errors.add(name, violation);
                self.add_all(path, &errors);
            }
        }
    }

    fn into_result(self, file: &str, tree: &Placed) -> Result<(), DeclarativeFault> {
        if self.found.is_empty() {
            return Ok(());
        }
        let mut errors = Errors::new();
        let mut problems = Vec::new();
        for (path, text) in self.found {
            errors.add_nested(&path, &text);
            problems.push(Problem { position: tree.locate(&path), path, text });
        }
        problems.sort_by_key(|problem| problem.position);
        Err(DeclarativeFault { file: file.to_owned(), problems, errors })
    }
}

fn prepare(item: &mut Item, version: Option<&str>, catalog: &dyn PluginCatalog) {
    let plugin = item.record.get("name").and_then(Value::as_str).map(str::to_owned);
    let schema = item.entity.effective_schema(plugin.as_deref(), catalog).into_owned();
    coerce::booleans(&mut item.record, &schema);
    if item.entity.name == "routes" && version.is_some_and(|version| version != "3.0") {
        legacy::mark_regex_paths(&mut item.record);
    }
}

type Entry<'a> = (&'a Item, Record);

fn validate<'a>(
    items: &'a [Item],
    now: i64,
    catalog: &dyn PluginCatalog,
    problems: &mut Problems,
) -> Vec<Entry<'a>> {
    let mut records = Vec::new();
    for item in items {
        let id = item.record.get("id").and_then(Value::as_str).and_then(ids::parse).unwrap_or(Uuid::nil());
        match item.entity.validate_insert(item.record.clone(), Fresh { id, now }, catalog) {
            Ok(record) => records.push((item, record)),
            Err(errors) => problems.add_all(&item.path, &errors),
        }
    }
    records
}

/// Ids, unique fields and keys of several fields: each may stand once.
fn unique(records: &[Entry<'_>], problems: &mut Problems) {
    let mut seen: BTreeSet<(&str, String, String)> = BTreeSet::new();
    for (item, record) in records {
        let entity: &Descriptor = item.entity;
        let mut values: Vec<(String, String, String)> = Vec::new();
        for field in entity.unique_fields() {
            if let Some(value) = record.get(field).and_then(Value::as_str) {
                values.push((field.to_owned(), value.to_owned(), format!("{}.{field}", item.path)));
            }
        }
        if !entity.cache_key.is_empty() {
            values.push((entity.cache_key.join(", "), cache_key(entity, record), item.path.clone()));
        }
        if values.is_empty() || record.get("id").is_some() {
            let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
            values.push(("primary key".to_owned(), id.to_owned(), item.path.clone()));
        }
        for (field, value, path) in values {
            if !seen.insert((entity.name, field.clone(), value.clone())) {
                let with = if field == "primary key" || entity.schema.field(&field).is_some() {
                    format!("{field} set to '{value}'")
                } else {
                    format!("the same {field}")
                };
                problems.add(
                    &path,
                    format!("uniqueness violation: '{}' entity with {with} already declared", entity.name),
                );
                break;
            }
        }
    }
}

/// Plugins must serve a protocol of their route, or of a route of their service.
fn fitting(records: &[Entry<'_>], problems: &mut Problems) {
    let of = |record: &Record, field: &str| -> Option<String> {
        record.get(field)?.get("id")?.as_str().map(str::to_owned)
    };
    let routes: BTreeMap<String, &Record> = records
        .iter()
        .filter(|(item, _)| item.entity.name == "routes")
        .filter_map(|(_, record)| Some((record.get("id")?.as_str()?.to_owned(), record)))
        .collect();
    let mut by_service: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for route in routes.values() {
        if let Some(service) = of(route, "service") {
            by_service.entry(service).or_default().push(route);
        }
    }
    for (item, plugin) in records.iter().filter(|(item, _)| item.entity.is_plugin) {
        let route = of(plugin, "route").and_then(|id| routes.get(&id).copied());
        let service = of(plugin, "service").and_then(|id| by_service.get(&id)).map_or(&[][..], Vec::as_slice);
        if let Err(errors) = protocols_fit(plugin, route, service) {
            problems.add_all(&item.path, &errors);
        }
    }
}

fn configuration(records: &[Entry<'_>], problems: &mut Problems) -> Configuration {
    let mut configuration = Configuration::default();
    for (item, record) in records {
        if problems.has(&item.path) {
            continue;
        }
        if let Err(fault) = configuration.add(item.entity.name, record) {
            problems.add(&item.path, fault.to_string());
        }
    }
    configuration
}

impl Errors {
    /// Adds a text at a path with indexes: `services[2].paths[1]`. A path that ends in an entity says it of the whole.
    fn add_nested(&mut self, path: &str, text: &str) {
        let steps: Vec<&str> = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
        if let Some((first, rest)) = steps.split_first() {
            self.add(first, nest(rest, text, path.ends_with(']') && entity::by_name(first).is_some()));
        }
    }
}

fn nest(steps: &[&str], text: &str, ends_in_item: bool) -> Violation {
    match steps.split_first() {
        None => Violation::Text(text.to_owned()),
        Some((step, rest)) => match step.parse::<usize>() {
            Ok(index) if rest.is_empty() && ends_in_item => {
                Violation::item(index, Violation::Fields(Errors::entity(text)))
            }
            Ok(index) => Violation::item(index, nest(rest, text, ends_in_item)),
            Err(_) => {
                let mut errors = Errors::new();
                errors.add(step, nest(rest, text, ends_in_item));
                Violation::Fields(errors)
            }
        },
    }
}

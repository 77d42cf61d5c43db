use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::collect::{Item, items};
use super::node::{Placed, read};
use super::resolve::Index;
use super::{DeclarativeFault, Declared, FORMAT_VERSIONS, Problem, Reading, coerce, hash, legacy};
use crate::entity::{Descriptor, Fresh, protocols_fit};
use crate::errors::Located;
use crate::schema::{Auto, REQUIRED, Schema, any, array, boolean, string};
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
    parse_with(text, file, Reading::at(now), catalog)
}

/// The same with everything that a file may be read with.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(
    text: &str,
    file: &str,
    reading: Reading,
    catalog: &dyn PluginCatalog,
) -> Result<Declared, DeclarativeFault> {
    let tree = read(text, file)?;
    let Value::Object(mut top) = tree.value() else {
        return Err(DeclarativeFault::whole(file, tree.locate(""), "expected a declarative configuration"));
    };
    let mut problems = Problems::default();
    let header = problems.header(&mut top);
    let mut items = items(top, reading.flavor, &mut problems);
    for item in &mut items {
        prepare(item, header.version.as_deref(), catalog);
    }
    Index::default().settle(&mut items, &mut problems);
    let records = validate(&items, &header, reading, catalog, &mut problems);
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

/// What a file says of itself.
struct Header {
    /// The format, when it is one.
    version: Option<String>,
    /// Whether passwords stand in the clear and are to be hashed.
    transform: bool,
}

/// What is wrong so far, by path.
#[derive(Default)]
pub(super) struct Problems {
    found: Vec<Located>,
}

impl Problems {
    pub(super) fn add(&mut self, path: &str, text: impl Into<String>) {
        self.found.push(Located { path: path.to_owned(), text: text.into(), whole: false });
    }

    fn add_whole(&mut self, path: &str, text: impl Into<String>) {
        self.found.push(Located { path: path.to_owned(), text: text.into(), whole: true });
    }

    fn add_all(&mut self, path: &str, errors: &Errors) {
        for Located { path: inner, text, whole } in errors.flat() {
            let path = if inner.is_empty() { path.to_owned() } else { format!("{path}.{inner}") };
            // A reference that leads nowhere was taken off, so that its field is empty now.
            if text == REQUIRED && self.found.iter().any(|found| found.path == path) {
                continue;
            }
            self.found.push(Located { path, text, whole });
        }
    }

    fn has(&self, path: &str) -> bool {
        self.found.iter().any(|found| found.path.starts_with(path))
    }

    /// Takes the keys that are no entities off the top.
    fn header(&mut self, top: &mut Record) -> Header {
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
            Ok(header) => Header {
                version: header.get("_format_version").and_then(Value::as_str).map(str::to_owned),
                transform: header.get("_transform").and_then(Value::as_bool).unwrap_or(true),
            },
            Err(errors) => {
                self.found.extend(errors.flat());
                Header { version: None, transform: true }
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
        for Located { path, text, whole } in self.found {
            errors.add_nested(&path, &text, whole);
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

/// A file says when an entity was last written, where a client of the Admin API cannot.
fn keep_last_write(item: &Item, record: &mut Record) {
    for field in &item.entity.schema.fields {
        let given = item.record.get(field.name).filter(|value| value.is_number());
        if let (Some(Auto::UpdatedAt | Auto::UpdatedAtMillis), Some(given)) = (field.ty.auto, given)
            && let Ok(value) = field.ty.process(given.clone())
        {
            record.insert(field.name.to_owned(), value);
        }
    }
}

fn validate<'a>(
    items: &'a [Item],
    header: &Header,
    reading: Reading,
    catalog: &dyn PluginCatalog,
    problems: &mut Problems,
) -> Vec<Entry<'a>> {
    let mut records = Vec::new();
    for item in items {
        let id = item.record.get("id").and_then(Value::as_str).and_then(ids::parse).unwrap_or(Uuid::nil());
        let fresh = Fresh { id, now: reading.now, millis: 0, seed: reading.seed };
        match item.entity.validate_insert(item.record.clone(), fresh, catalog) {
            Ok(mut record) => {
                keep_last_write(item, &mut record);
                if header.transform {
                    item.entity.transform(&mut record, None);
                }
                records.push((item, record));
            }
            Err(errors) => problems.add_all(&item.path, &errors),
        }
    }
    records
}

/// Ids, unique fields and keys of several fields: each may stand once. An entity is named for the first that does not.
fn unique(records: &[Entry<'_>], problems: &mut Problems) {
    let mut seen: BTreeSet<(&str, &str, String)> = BTreeSet::new();
    for (item, record) in records {
        let entity: &Descriptor = item.entity;
        let text = |field: &str| record.get(field).and_then(Value::as_str).map(str::to_owned);
        let mut violation = None;
        for field in entity.unique_fields() {
            if let Some(value) = text(field)
                && !seen.insert((entity.name, field, value.clone()))
            {
                violation = violation.or(Some((Some(field), format!("{field} set to '{value}'"))));
            }
        }
        if let Some(key) = entity.cache_key_of(record)
            && !seen.insert((entity.name, "cache key", key))
        {
            violation = violation.or(Some((None, format!("the same {}", entity.cache_key.join(", ")))));
        }
        if let Some(id) = text("id")
            && !seen.insert((entity.name, "id", id.clone()))
        {
            violation = violation.or(Some((None, format!("primary key set to '{id}'"))));
        }
        if let Some((field, with)) = violation {
            let text = format!("uniqueness violation: '{}' entity with {with} already declared", entity.name);
            match field {
                Some(field) => problems.add(&format!("{}.{field}", item.path), text),
                None => problems.add_whole(&item.path, text),
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
            problems.add_whole(&item.path, fault.to_string());
        }
    }
    configuration
}

impl Errors {
    /// Adds a text at a path with indexes (`services[2].paths[1]`), or about the entity that the path leads to.
    fn add_nested(&mut self, path: &str, text: &str, whole: bool) {
        let steps: Vec<&str> = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
        if let Some((first, rest)) = steps.split_first() {
            self.add(first, nest(rest, text, whole));
        }
    }
}

fn nest(steps: &[&str], text: &str, whole: bool) -> Violation {
    match steps.split_first() {
        None if whole => Violation::Fields(Errors::entity(text)),
        None => Violation::Text(text.to_owned()),
        Some((step, rest)) => match step.parse::<usize>() {
            Ok(index) => Violation::item(index, nest(rest, text, whole)),
            Err(_) => {
                let mut errors = Errors::new();
                errors.add(step, nest(rest, text, whole));
                Violation::Fields(errors)
            }
        },
    }
}

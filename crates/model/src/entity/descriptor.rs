use std::borrow::Cow;

use serde_json::Value;

use super::{Referrer, all, plugins};
use crate::schema::{Foreign, Kind, Schema};
use crate::{Errors, PluginCatalog, Record};

/// The last step of a validation: what follows from the record's own fields, and what must hold at a time (in seconds
/// since 1970).
pub type FinishFn = fn(&mut Record, now: i64) -> Result<(), Errors>;

/// Fills what depends on other fields, before defaults.
pub(super) type PrepareFn = fn(&mut Record);

/// Changes what a client sent before it is stored. The patch is what a `PATCH` sent; without one everything was sent.
pub type TransformFn = fn(&mut Record, patch: Option<&Record>);

/// Everything that is known of one kind of entity.
#[derive(Debug)]
pub struct Descriptor {
    /// The plural name: the key in a declarative file, the name in the store.
    pub name: &'static str,
    /// The singular name.
    pub singular: &'static str,
    /// The field that names an entity in a URL beside its id; its values are unique.
    pub endpoint_key: Option<&'static str>,
    /// The field that names an entity in a URL below its parent, where it is another.
    pub nested_key: Option<&'static str>,
    /// The path of the Admin API where all of them are: `/key-auths`. `None`: they are only below their parents.
    pub top_path: Option<&'static str>,
    /// The path below a parent: `/consumers/{consumer}/key-auth`. `None`: they are not below their parents.
    pub nested_path: Option<&'static str>,
    /// Fields of which no two entities may have all values equal, null included. Empty when there is no such rule.
    pub cache_key: &'static [&'static str],
    /// Arrays of ids of other entities.
    pub array_references: Vec<ArrayReference>,
    /// The fields. For plugins, `config` is any record here; [`Descriptor::effective_schema`] knows the plugin.
    pub schema: Schema,
    /// Whether the field `name` chooses a plugin, whose schema `config` has.
    pub is_plugin: bool,
    /// Whether an entity may have a `ttl`, after which it is gone. Stored is `expires_at`.
    pub expires: bool,
    pub(super) prepare: Option<PrepareFn>,
    pub(super) finish: Option<FinishFn>,
    pub(super) transform: Option<TransformFn>,
}

/// An array of ids, which is no reference to the store: what it names cannot be deleted while it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrayReference {
    /// The field with the array, a dotted path.
    pub field: &'static str,
    /// The plural name of the entity whose ids stand in it.
    pub entity: &'static str,
}

impl Descriptor {
    /// An entity that is found by its id, at the path of its plural name and below its parents.
    #[must_use]
    pub fn new(name: &'static str, singular: &'static str, schema: Schema) -> Self {
        Self {
            name,
            singular,
            endpoint_key: None,
            nested_key: None,
            top_path: Some(name),
            nested_path: Some(name),
            cache_key: &[],
            array_references: Vec::new(),
            schema,
            is_plugin: false,
            expires: false,
            prepare: None,
            finish: None,
            transform: None,
        }
    }

    pub(super) fn endpoint_key(mut self, field: &'static str) -> Self {
        self.endpoint_key = Some(field);
        self
    }

    pub(super) fn nested_key(mut self, field: &'static str) -> Self {
        self.nested_key = Some(field);
        self
    }

    pub(super) fn paths(mut self, top: Option<&'static str>, nested: Option<&'static str>) -> Self {
        self.top_path = top;
        self.nested_path = nested;
        self
    }

    pub(super) fn unique_together(mut self, fields: &'static [&'static str]) -> Self {
        self.cache_key = fields;
        self
    }

    pub(super) fn array_reference(mut self, field: &'static str, entity: &'static str) -> Self {
        self.array_references.push(ArrayReference { field, entity });
        self
    }

    pub(super) fn of_plugins(mut self) -> Self {
        self.is_plugin = true;
        self
    }

    pub(super) fn expiring(mut self) -> Self {
        self.expires = true;
        self
    }

    pub(super) fn prepare(mut self, prepare: PrepareFn) -> Self {
        self.prepare = Some(prepare);
        self
    }

    pub(super) fn finish(mut self, finish: FinishFn) -> Self {
        self.finish = Some(finish);
        self
    }

    pub(super) fn transform_with(mut self, transform: TransformFn) -> Self {
        self.transform = Some(transform);
        self
    }

    /// The fields that refer to other entities.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&'static str, Foreign)> + '_ {
        self.schema.foreign_keys()
    }

    /// The fields of which no two entities may have the same value (null does not count).
    pub fn unique_fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.schema.unique_fields()
    }

    /// The references from other kinds to this one.
    #[must_use]
    pub fn referrers(&self) -> Vec<Referrer> {
        let mut found = Vec::new();
        for entity in all() {
            for (field, foreign) in entity.foreign_keys().filter(|(_, foreign)| foreign.entity == self.name) {
                found.push(Referrer { entity, field, on_delete: foreign.on_delete });
            }
        }
        found
    }

    /// The arrays of other kinds that name entities of this one by id. While one of them does, the entity must not be
    /// deleted: code 19, [`still_referenced`](Self::still_referenced).
    #[must_use]
    pub fn array_referrers(&self) -> Vec<(&'static Descriptor, &'static str)> {
        let mut found = Vec::new();
        for entity in all() {
            let arrays = entity.array_references.iter().filter(|array| array.entity == self.name);
            found.extend(arrays.map(|array| (entity, array.field)));
        }
        found
    }

    /// Kong's text for an entity that an array names: `ca certificate <id> is still referenced by services (id = <id>)`.
    #[must_use]
    pub fn still_referenced(&self, id: &str, referrer: &Descriptor, referrer_id: &str) -> String {
        let singular = self.singular.replace('_', " ");
        format!("{singular} {id} is still referenced by {} (id = {referrer_id})", referrer.name)
    }

    /// Whether a record's array names this id. The field may be a dotted path.
    #[must_use]
    pub fn names(record: &Record, field: &str, id: &str) -> bool {
        let (first, rest) = field.split_once('.').map_or((field, None), |(first, rest)| (first, Some(rest)));
        let value = record.get(first);
        if let Some(rest) = rest {
            return value.and_then(Value::as_object).is_some_and(|inner| Self::names(inner, rest, id));
        }
        let ids = value.and_then(Value::as_array);
        ids.is_some_and(|ids| ids.iter().any(|known| known.as_str() == Some(id)))
    }

    /// The schema with everything that depends on the plugin: `config`, the default and the choice of `protocols`, the
    /// references that must stay empty. The schema itself for other entities and for an unknown plugin.
    #[must_use]
    pub fn effective_schema(&self, plugin: Option<&str>, catalog: &dyn PluginCatalog) -> Cow<'_, Schema> {
        match plugin.filter(|_| self.is_plugin).and_then(|name| catalog.plugin(name)) {
            Some(description) => Cow::Owned(plugins::schema_with(&self.schema, description)),
            None => Cow::Borrowed(&self.schema),
        }
    }

    /// Changes what a client sent into what is stored: the hash in place of a password. For the complete record, after
    /// its references are ids, once per write. `patch` is the body of a `PATCH`; `None` for an insert or an upsert.
    pub fn transform(&self, record: &mut Record, patch: Option<&Record>) {
        if let Some(transform) = self.transform {
            transform(record, patch);
        }
    }

    /// The value under which an entity is found in a URL beside its id.
    #[must_use]
    pub fn endpoint_value<'a>(&self, record: &'a Record) -> Option<&'a str> {
        record.get(self.endpoint_key?).and_then(Value::as_str)
    }

    /// The values that are unique together, as one text: ids for references, nothing for null, `:` between. `None` when
    /// the entity has no such rule. References must be resolved to ids.
    #[must_use]
    pub fn cache_key_of(&self, record: &Record) -> Option<String> {
        let part = |name: &&str| match record.get(*name) {
            Some(Value::Object(reference)) => reference.get("id").and_then(Value::as_str).unwrap_or_default(),
            Some(Value::String(text)) => text,
            _ => "",
        };
        (!self.cache_key.is_empty()).then(|| self.cache_key.iter().map(part).collect::<Vec<_>>().join(":"))
    }

    /// Whether the field of this name holds a reference to another entity.
    #[must_use]
    pub fn is_foreign(&self, field: &str) -> bool {
        self.schema.field(field).is_some_and(|ty| matches!(ty.kind, Kind::Foreign(_)))
    }
}

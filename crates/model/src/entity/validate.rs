use serde_json::{Value, json};
use uuid::Uuid;

use super::Descriptor;
use crate::schema::{Auto, Schema};
use crate::{Errors, PluginCatalog, Record};

/// What a new entity is given when it does not bring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// The id of a new entity, when the record has none.
    pub id: Uuid,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl Descriptor {
    /// A complete record for a new entity: every field present, defaults filled, the id as given or the fresh one,
    /// `created_at` as given or now, `updated_at` now.
    ///
    /// References are checked for their form only; one by name stays as it is until the store resolves it.
    ///
    /// # Errors
    /// Everything that is wrong with the record, in Kong's texts.
    pub fn validate_insert(
        &self,
        mut record: Record,
        fresh: Fresh,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        let schema = self.schema_for(&record, catalog)?;
        for field in &schema.fields {
            let absent = record.get(field.name).is_none_or(Value::is_null);
            let value = match field.ty.auto {
                Some(Auto::Id) if absent => json!(fresh.id.to_string()),
                Some(Auto::CreatedAt) if absent => json!(fresh.now),
                Some(Auto::UpdatedAt) => json!(fresh.now),
                _ => continue,
            };
            record.insert(field.name.to_owned(), value);
        }
        self.complete(&schema, record, catalog)
    }

    /// A complete record for a `PUT`: fields that are absent take their default; the id is the one in the path, or that
    /// of the existing entity. `created_at` of an existing entity stays unless the record brings one.
    ///
    /// `fresh.id` is the id for an entity that does not exist yet.
    ///
    /// # Errors
    /// Everything that is wrong with the record, in Kong's texts.
    pub fn validate_upsert(
        &self,
        existing: Option<&Record>,
        mut record: Record,
        fresh: Fresh,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        let Some(existing) = existing else { return self.validate_insert(record, fresh, catalog) };
        let schema = self.schema_for(&record, catalog)?;
        for field in &schema.fields {
            let keep = match field.ty.auto {
                Some(Auto::Id) => true,
                Some(Auto::CreatedAt) => record.get(field.name).is_none_or(Value::is_null),
                _ => false,
            };
            if let Some(value) = existing.get(field.name).filter(|_| keep) {
                record.insert(field.name.to_owned(), value.clone());
            }
        }
        let written = self.validate_insert(record, fresh, catalog)?;
        unchanged(&schema, existing, &written)?;
        Ok(written)
    }

    /// The complete record that a `PATCH` makes of an entity: records are merged field by field, arrays, sets and maps
    /// replaced, null resets to the default; the id stays, `updated_at` is now.
    ///
    /// # Errors
    /// Everything that is wrong with the result, in Kong's texts; `immutable field cannot be updated`.
    pub fn validate_update(
        &self,
        old: &Record,
        mut patch: Record,
        now: i64,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        let named = patch.get("name").filter(|name| !name.is_null()).or_else(|| old.get("name"));
        let schema = self.schema_of(named, catalog)?.into_owned();
        for field in schema.fields.iter().filter(|field| field.ty.auto == Some(Auto::Id)) {
            patch.remove(field.name);
        }
        let mut merged = schema.merge(old, patch)?;
        for field in schema.fields.iter().filter(|field| field.ty.auto == Some(Auto::UpdatedAt)) {
            merged.insert(field.name.to_owned(), json!(now));
        }
        for field in schema.fields.iter().filter(|field| field.ty.auto == Some(Auto::CreatedAt)) {
            if merged.get(field.name).is_none_or(Value::is_null) {
                merged.insert(field.name.to_owned(), json!(now));
            }
        }
        let written = self.complete(&schema, merged, catalog)?;
        unchanged(&schema, old, &written)?;
        Ok(written)
    }

    fn complete(
        &self,
        schema: &Schema,
        record: Record,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        let (mut record, mut errors) = match schema.process(record.clone()) {
            Ok(record) => (record, Errors::new()),
            Err(errors) => (record, errors),
        };
        self.check_references(&mut record, &mut errors);
        errors.into_result()?;
        if self.is_plugin {
            check_config(&record, catalog)?;
        }
        Ok(record)
    }

    fn schema_for(
        &self,
        record: &Record,
        catalog: &dyn PluginCatalog,
    ) -> Result<std::borrow::Cow<'_, Schema>, Errors> {
        self.schema_of(record.get("name"), catalog)
    }

    /// The schema for what `name` says; of an unknown plugin nothing else can be checked.
    fn schema_of(
        &self,
        name: Option<&Value>,
        catalog: &dyn PluginCatalog,
    ) -> Result<std::borrow::Cow<'_, Schema>, Errors> {
        let name = name.and_then(Value::as_str).filter(|name| self.is_plugin && !name.is_empty());
        match name {
            Some(unknown) if catalog.plugin(unknown).is_none() => {
                let text =
                    format!("plugin '{unknown}' not enabled; add it to the 'plugins' configuration property");
                Err(Errors::field("name", text))
            }
            name => Ok(self.effective_schema(name, catalog)),
        }
    }
}

/// The plugin's own checks: fields stand under `config`, texts about the whole at the top.
fn check_config(record: &Record, catalog: &dyn PluginCatalog) -> Result<(), Errors> {
    let (Some(Value::String(name)), Some(Value::Object(config))) = (record.get("name"), record.get("config"))
    else {
        return Ok(());
    };
    catalog.check(name, config).map_err(|found| {
        let (entity, fields) = found.into_parts();
        let mut errors = Errors::new();
        for text in entity {
            errors.add_entity(text);
        }
        let mut inner = Errors::new();
        for (name, violation) in fields {
            inner.add(&name, violation);
        }
        if !inner.is_empty() {
            errors.add("config", inner);
        }
        errors
    })
}

fn unchanged(schema: &Schema, old: &Record, new: &Record) -> Result<(), Errors> {
    let mut errors = Errors::new();
    for field in schema.fields.iter().filter(|field| field.ty.immutable) {
        if old.get(field.name) != new.get(field.name) {
            errors.add(field.name, "immutable field cannot be updated");
        }
    }
    errors.into_result()
}

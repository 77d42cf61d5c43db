use std::time::Duration;

use aws_lc_rs::hmac;
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
    /// The milliseconds of the time, 0 to 999.
    pub millis: u16,
    /// What tokens are made of; without it an entity must bring its own.
    pub seed: Option<Seed>,
}

/// 32 random bytes, of which the tokens of one entity are made. Each entity needs its own, or its own id beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Random bytes of a source that nobody can foresee.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token of one field of one entity: 32 hexadecimal digits that say nothing of the seed.
    fn token(&self, id: Uuid, field: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}:{field}").as_bytes());
        crate::hex::lower(tag.as_ref()).chars().take(32).collect()
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Fresh {
    /// An id and a time in whole seconds, without a seed.
    #[must_use]
    pub fn new(id: Uuid, now: i64) -> Self {
        Self { id, now, millis: 0, seed: None }
    }

    /// The same with tokens from random bytes.
    #[must_use]
    pub fn seeded(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(Seed::new(seed));
        self
    }

    /// The same with the milliseconds of the time.
    #[must_use]
    pub fn with_millis(mut self, millis: u16) -> Self {
        self.millis = millis;
        self
    }

    fn exact(&self) -> Value {
        exact(self.now, self.millis)
    }
}

/// A time with its milliseconds, where a kind keeps them. Times of this century fit a float with room for them.
fn exact(seconds: i64, millis: u16) -> Value {
    json!(seconds as f64 + f64::from(millis) / 1000.0)
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
        let end = self.take_lifetime(&mut record, fresh.now)?;
        let id = record.get("id").and_then(Value::as_str).and_then(crate::ids::parse).unwrap_or(fresh.id);
        for field in &schema.fields {
            let absent = record.get(field.name).is_none_or(Value::is_null);
            let value = match (field.ty.auto, fresh.seed) {
                (Some(Auto::Id), _) if absent => json!(fresh.id.to_string()),
                (Some(Auto::CreatedAt), _) if absent => json!(fresh.now),
                (Some(Auto::UpdatedAt), _) => json!(fresh.now),
                (Some(Auto::CreatedAtMillis), _) if absent => fresh.exact(),
                (Some(Auto::UpdatedAtMillis), _) => fresh.exact(),
                (Some(Auto::Token), Some(seed)) if absent => json!(seed.token(id, field.name)),
                _ => continue,
            };
            record.insert(field.name.to_owned(), value);
        }
        let mut record = self.complete(&schema, record, fresh.now, catalog)?;
        self.put_end(&mut record, end);
        Ok(record)
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
                Some(Auto::CreatedAt | Auto::CreatedAtMillis) => {
                    record.get(field.name).is_none_or(Value::is_null)
                }
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
    /// replaced, null resets to the default; the id stays, `updated_at` is now: the time since 1970.
    ///
    /// # Errors
    /// Everything that is wrong with the result, in Kong's texts; `immutable field cannot be updated`.
    pub fn validate_update(
        &self,
        old: &Record,
        mut patch: Record,
        now: Duration,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        let millis = u16::try_from(now.subsec_millis()).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let named = patch.get("name").filter(|name| !name.is_null()).or_else(|| old.get("name"));
        let schema = self.schema_of(named, catalog)?.into_owned();
        for field in schema.fields.iter().filter(|field| field.ty.auto == Some(Auto::Id)) {
            patch.remove(field.name);
        }
        let mut old = old.clone();
        let kept = self.take_end(&mut old);
        let end = self.take_lifetime(&mut patch, now)?.or(kept);
        let mut merged = schema.merge(&old, patch)?;
        for field in &schema.fields {
            let absent = merged.get(field.name).is_none_or(Value::is_null);
            let value = match field.ty.auto {
                Some(Auto::UpdatedAt) => json!(now),
                Some(Auto::CreatedAt) if absent => json!(now),
                Some(Auto::UpdatedAtMillis) => exact(now, millis),
                Some(Auto::CreatedAtMillis) if absent => exact(now, millis),
                _ => continue,
            };
            merged.insert(field.name.to_owned(), value);
        }
        let mut written = self.complete(&schema, merged, now, catalog)?;
        unchanged(&schema, &old, &written)?;
        self.put_end(&mut written, end);
        Ok(written)
    }

    fn complete(
        &self,
        schema: &Schema,
        mut record: Record,
        now: i64,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Errors> {
        if let Some(prepare) = self.prepare {
            prepare(&mut record);
        }
        let (mut record, mut errors) = match schema.process(record.clone()) {
            Ok(record) => (record, Errors::new()),
            Err(errors) => (record, errors),
        };
        self.check_references(&mut record, &mut errors);
        errors.into_result()?;
        if self.is_plugin {
            check_config(&record, catalog)?;
        }
        if let Some(finish) = self.finish {
            finish(&mut record, now)?;
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

use keybound_model::entity::Descriptor;
use keybound_model::schema::{Kind, Schema, Type};
use keybound_model::{PluginCatalog, Record};
use serde_json::Value;

use super::cipher;
use crate::config::StoreFault;

/// What is done with a secret: its place, and the value to change.
type Visit<'a> = &'a mut dyn FnMut(&str, &mut Value) -> Result<(), StoreFault>;

/// Visits every value of a record that its schema, or that of its plugin, marks as encrypted; null is no secret.
pub(super) fn each_secret(
    entity: &'static Descriptor,
    record: &mut Record,
    catalog: &dyn PluginCatalog,
    visit: Visit<'_>,
) -> Result<(), StoreFault> {
    let id = record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let walk = Walk { entity: entity.name, id };
    walk.record(&entity.schema, record, "", visit)?;
    if !entity.is_plugin {
        return Ok(());
    }
    let plugin = record.get("name").and_then(Value::as_str).and_then(|name| catalog.plugin(name));
    match (plugin, record.get_mut("config")) {
        (Some(plugin), Some(Value::Object(config))) => walk.record(&plugin.config, config, "config.", visit),
        _ => Ok(()),
    }
}

struct Walk {
    entity: &'static str,
    id: String,
}

impl Walk {
    fn record(
        &self,
        schema: &Schema,
        record: &mut Record,
        path: &str,
        visit: Visit<'_>,
    ) -> Result<(), StoreFault> {
        for field in schema.fields.iter().filter(|field| holds_secrets(&field.ty)) {
            if let Some(value) = record.get_mut(field.name) {
                self.value(&field.ty, value, &format!("{path}{}", field.name), visit)?;
            }
        }
        Ok(())
    }

    fn value(&self, ty: &Type, value: &mut Value, path: &str, visit: Visit<'_>) -> Result<(), StoreFault> {
        if value.is_null() {
            return Ok(());
        }
        if ty.encrypted {
            return visit(&cipher::place(self.entity, &self.id, path), value);
        }
        match (&ty.kind, value) {
            (Kind::Record(schema), Value::Object(record)) => {
                self.record(schema, record, &format!("{path}."), visit)
            }
            (Kind::Array(element) | Kind::Set(element), Value::Array(elements)) => {
                for (number, value) in elements.iter_mut().enumerate() {
                    self.value(element, value, &format!("{path}[{number}]"), visit)?;
                }
                Ok(())
            }
            (Kind::Map(_, element), Value::Object(members)) => {
                for (name, value) in members {
                    self.value(element, value, &format!("{path}[{name}]"), visit)?;
                }
                Ok(())
            }
            // A sealed whole, met when its secrets were looked for: none are left to see. Anything else has no parts.
            _ => Ok(()),
        }
    }
}

fn holds_secrets(ty: &Type) -> bool {
    ty.encrypted
        || match &ty.kind {
            Kind::Record(schema) => schema.fields.iter().any(|field| holds_secrets(&field.ty)),
            Kind::Array(element) | Kind::Set(element) | Kind::Map(_, element) => holds_secrets(element),
            _ => false,
        }
}

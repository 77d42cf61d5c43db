use serde_json::Value;

use super::{Environment, Reference, ReferenceFault, env, is_reference};
use crate::Record;
use crate::entity::Vault;
use crate::schema::{Kind, Schema, Type};

/// A reference that leads to no secret. It names the place and the reference, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}could not resolve reference {reference}: {cause}", place(path))]
pub struct ResolveFault {
    /// The way to the field: `config.client_secret[1]`. Empty for a text by itself.
    pub path: String,
    /// The reference as it was written.
    pub reference: String,
    /// Why.
    pub cause: Cause,
}

/// Why a reference leads to no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// It cannot be read.
    #[error("{0}")]
    Reference(#[from] ReferenceFault),
    /// No vault has this prefix, and no backend this name.
    #[error("could not find vault ({0})")]
    NoVault(String),
    /// The vault does not have it.
    #[error("unable to load value ({resource}) from vault ({vault}): not found")]
    NotFound {
        /// The vault.
        vault: String,
        /// What was asked for.
        resource: String,
    },
    /// A member was asked for, and the secret is no JSON object.
    #[error("unable to json decode value ({0})")]
    NotJson(String),
    /// A member was asked for that the secret does not have.
    #[error("subfield {key} not found in JSON secret ({resource})")]
    NoMember {
        /// What was asked for.
        resource: String,
        /// The member.
        key: String,
    },
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

/// The record with secrets in place of the references in its referenceable fields, those inside records, lists and maps
/// included. Text elsewhere that looks like a reference stays as it is.
///
/// # Errors
/// The first reference that leads to no secret: [`ResolveFault`].
pub fn resolve(
    config: &Record,
    schema: &Schema,
    vaults: &[Vault],
    environment: Environment<'_>,
) -> Result<Record, ResolveFault> {
    let resolver = Resolver { vaults, environment };
    resolver.record(config, schema, "")
}

/// The secret behind a text that is a reference; any other text as it is.
///
/// # Errors
/// [`ResolveFault`]
pub fn resolve_text(
    text: &str,
    vaults: &[Vault],
    environment: Environment<'_>,
) -> Result<String, ResolveFault> {
    Resolver { vaults, environment }.text(text, "")
}

struct Resolver<'a> {
    vaults: &'a [Vault],
    environment: Environment<'a>,
}

impl Resolver<'_> {
    fn record(&self, record: &Record, schema: &Schema, path: &str) -> Result<Record, ResolveFault> {
        let mut output = record.clone();
        for (name, value) in &mut output {
            if let Some(ty) = schema.field(name) {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                self.value(value, ty, ty.referenceable, &inner)?;
            }
        }
        Ok(output)
    }

    /// A list or a map that is referenceable passes it on to what is in it.
    fn value(
        &self,
        value: &mut Value,
        ty: &Type,
        referenceable: bool,
        path: &str,
    ) -> Result<(), ResolveFault> {
        match (&ty.kind, value) {
            (Kind::String | Kind::Any, Value::String(text)) if referenceable => {
                *text = self.text(text, path)?
            }
            (Kind::Array(element) | Kind::Set(element), Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let deep = referenceable || element.referenceable;
                    self.value(item, element, deep, &format!("{path}[{}]", index + 1))?;
                }
            }
            (Kind::Map(_, values), Value::Object(members)) => {
                for (name, member) in members.iter_mut() {
                    self.value(
                        member,
                        values,
                        referenceable || values.referenceable,
                        &format!("{path}.{name}"),
                    )?;
                }
            }
            (Kind::Record(schema), Value::Object(members)) => {
                *members = self.record(members, schema, path)?
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&self, text: &str, path: &str) -> Result<String, ResolveFault> {
        if !is_reference(text) {
            return Ok(text.to_owned());
        }
        self.secret(text).map_err(|cause| ResolveFault {
            path: path.to_owned(),
            reference: text.to_owned(),
            cause,
        })
    }

    fn secret(&self, text: &str) -> Result<String, Cause> {
        let reference = Reference::parse(text)?;
        // An entity comes before the backend of the same name; its prefix cannot be a backend's name.
        let prefix = match self.vaults.iter().find(|vault| vault.prefix == reference.vault) {
            Some(vault) if vault.name == "env" => vault.config.get("prefix").and_then(Value::as_str),
            None if reference.vault == "env" => None,
            _ => return Err(Cause::NoVault(reference.vault)),
        };
        let found = env::value(&reference, prefix, self.environment);
        let Some(secret) = found else {
            return Err(Cause::NotFound { vault: reference.vault, resource: reference.resource });
        };
        match reference.key {
            None => Ok(secret),
            Some(key) => member(&secret, reference.resource, key),
        }
    }
}

fn member(secret: &str, resource: String, key: String) -> Result<String, Cause> {
    let Ok(Value::Object(members)) = serde_json::from_str(secret) else {
        return Err(Cause::NotJson(resource));
    };
    match members.get(&key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(Cause::NoMember { resource, key }),
    }
}

//! The entities: one descriptor each, their validation for insert, upsert and update, and typed views.
//!
//! A new entity is one more [`Descriptor`] in [`all`]; the store, the Admin API, the declarative loader and `/schemas/*`
//! find everything that they need in it.

mod configuration;
mod fields;
mod plugins;
mod references;
mod routes;
mod services;
mod validate;
mod view;

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::Value;

use crate::PluginCatalog;
use crate::schema::{Foreign, Kind, OnDelete, Schema};

pub use configuration::Configuration;
pub use plugins::{PLUGINS, plugin_schema_json, protocols_fit};
pub use routes::ROUTES;
pub use services::SERVICES;
pub use validate::Fresh;
pub use view::{
    AclGroup, Algorithm, BasicAuthCredential, CaCertificate, Certificate, Consumer, ConsumerGroup,
    ConsumerGroupMember, HashOn, HmacAuthCredential, JwtSecret, KeyAuthCredential, MtlsAuthCredential,
    PathHandling, PluginInstance, Protocol, Route, Service, Sni, Target, Upstream, Vault, ViewFault,
};

/// Kinds of Kong's entities that Keybound does not have yet. A declarative file that has any is refused by name.
pub const NOT_YET_SUPPORTED: [&str; 19] = [
    "acls",
    "basicauth_credentials",
    "ca_certificates",
    "certificates",
    "consumer_groups",
    "consumers",
    "filter_chains",
    "hmacauth_credentials",
    "jwt_secrets",
    "key_sets",
    "keyauth_credentials",
    "keys",
    "mtls_auth_credentials",
    "oauth2_credentials",
    "partials",
    "snis",
    "targets",
    "upstreams",
    "vaults",
];

/// Everything that is known of one kind of entity.
#[derive(Debug)]
pub struct Descriptor {
    /// The plural name: the path in the Admin API, the key in a declarative file, the name of the table.
    pub name: &'static str,
    /// The singular name.
    pub singular: &'static str,
    /// The field that names an entity in a URL beside its id.
    pub endpoint_key: Option<&'static str>,
    /// Fields of which no two entities may have all values equal, null included. Empty when there is no such rule.
    pub cache_key: &'static [&'static str],
    /// The fields. For plugins, `config` is any record here; [`Descriptor::effective_schema`] knows the plugin.
    pub schema: Schema,
    /// Whether the field `name` chooses a plugin, whose schema `config` has.
    pub is_plugin: bool,
}

/// A reference that points to an entity from another kind.
#[derive(Debug, Clone, Copy)]
pub struct Referrer {
    /// The kind that refers.
    pub entity: &'static Descriptor,
    /// The field that holds the reference.
    pub field: &'static str,
    /// What the deletion of the parent does to it.
    pub on_delete: OnDelete,
}

/// Every entity, parents before children.
#[must_use]
pub fn all() -> [&'static Descriptor; 3] {
    [LazyLock::force(&SERVICES), LazyLock::force(&ROUTES), LazyLock::force(&PLUGINS)]
}

/// The entity of this plural name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Descriptor> {
    all().into_iter().find(|descriptor| descriptor.name == name)
}

impl Descriptor {
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

    /// The schema with everything that depends on the plugin: `config`, the default and the choice of `protocols`, the
    /// references that must stay empty. The schema itself for other entities and for an unknown plugin.
    #[must_use]
    pub fn effective_schema(&self, plugin: Option<&str>, catalog: &dyn PluginCatalog) -> Cow<'_, Schema> {
        match plugin.filter(|_| self.is_plugin).and_then(|name| catalog.plugin(name)) {
            Some(description) => Cow::Owned(plugins::schema_with(&self.schema, description)),
            None => Cow::Borrowed(&self.schema),
        }
    }

    /// The value under which an entity is found in a URL beside its id.
    #[must_use]
    pub fn endpoint_value<'a>(&self, record: &'a crate::Record) -> Option<&'a str> {
        record.get(self.endpoint_key?).and_then(Value::as_str)
    }

    /// The values that are unique together, as one text: ids for references, nothing for null, `:` between. `None` when
    /// the entity has no such rule. References must be resolved to ids.
    #[must_use]
    pub fn cache_key_of(&self, record: &crate::Record) -> Option<String> {
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

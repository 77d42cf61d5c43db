//! The plugins that exist, as the model needs to know them.

use std::sync::Arc;

use serde_json::Value;

use crate::entity::PROTOCOLS;
use crate::schema::{EntityCheck, Schema};
use crate::{Errors, Record};

/// The protocols that a plugin serves when its configuration does not say: every HTTP one.
pub const HTTP_PROTOCOLS: [&str; 4] = ["grpc", "grpcs", "http", "https"];

/// The plugins that can be configured: their names, schemas and the checks that a schema cannot express.
///
/// The plugins implement it; the store, the Admin API and the declarative loader see only this.
pub trait PluginCatalog: Send + Sync {
    /// The names of all plugins, sorted.
    fn names(&self) -> Vec<&str>;

    /// The plugin of this name.
    fn plugin(&self, name: &str) -> Option<&PluginDescription>;

    /// Checks across the fields of a configuration that passed the plugin's schema. Fields of the errors are relative to
    /// `config`; texts about the whole go to the top of the entity.
    ///
    /// # Errors
    /// What is wrong, in Kong's texts.
    fn check(&self, name: &str, config: &Record) -> Result<(), Errors> {
        let _ = (name, config);
        Ok(())
    }
}

/// What the configuration side knows of a plugin.
#[derive(Debug, Clone)]
pub struct PluginDescription {
    /// Its name in `plugins[].name`.
    pub name: &'static str,
    /// Its version, as `GET /` reports it.
    pub version: &'static str,
    /// Its place in the order: higher runs first.
    pub priority: i32,
    /// The schema of `config`.
    pub config: Arc<Schema>,
    /// The protocols that `protocols` has when nothing is given.
    pub protocols: Vec<&'static str>,
    /// The protocols that `protocols` may name.
    pub allowed: Vec<&'static str>,
    /// Checks across fields of the whole plugin entity, which name them as `config.x`.
    pub checks: Vec<EntityCheck>,
    /// The references (`consumer`, `service`, `route`) that must stay empty (`value must be null`).
    pub forbidden_scopes: Vec<&'static str>,
}

impl PluginDescription {
    /// A plugin for the HTTP protocols that may be bound to a service, a route and a consumer.
    #[must_use]
    pub fn new(
        name: &'static str,
        version: &'static str,
        priority: i32,
        config: impl Into<Arc<Schema>>,
    ) -> Self {
        let config = config.into();
        let protocols = HTTP_PROTOCOLS.to_vec();
        let allowed = protocols.clone();
        let (checks, forbidden_scopes) = (Vec::new(), Vec::new());
        Self { name, version, priority, config, protocols, allowed, checks, forbidden_scopes }
    }

    /// A plugin that may name every protocol that a route may have, and has these when nothing is given.
    #[must_use]
    pub fn for_any_protocol(mut self, default: impl Into<Vec<&'static str>>) -> Self {
        self.protocols = default.into();
        self.allowed = PROTOCOLS.to_vec();
        self
    }

    /// Adds a check across fields of the whole plugin entity.
    #[must_use]
    pub fn check(mut self, check: EntityCheck) -> Self {
        self.checks.push(check);
        self
    }

    /// A plugin that cannot be bound to a consumer or a group, because it says who the consumer is.
    #[must_use]
    pub fn without_consumer(mut self) -> Self {
        self.forbidden_scopes.extend(["consumer", "consumer_group"]);
        self
    }

    /// A configuration that did not come through the entity, as it would have come out of it: with every default.
    ///
    /// # Errors
    /// What the schema or a check across fields of the configuration has against it.
    pub fn complete(&self, config: Record) -> Result<Record, Errors> {
        let config = self.config.process(config)?;
        let whole = Record::from_iter([("config".to_owned(), Value::Object(config.clone()))]);
        let mut errors = Errors::new();
        for check in &self.checks {
            if check.fields().iter().all(|path| path.split('.').next() == Some("config")) {
                check.run(&whole, &mut errors);
            }
        }
        errors.into_result().map(|()| config)
    }
}

/// A catalog without plugins.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPlugins;

impl PluginCatalog for NoPlugins {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn plugin(&self, _name: &str) -> Option<&PluginDescription> {
        None
    }
}

//! Plugins whose whole being is a description and a function that builds them, and typed access to their configuration.

use std::sync::Arc;

use http::HeaderName;
use keybound_model::{PluginDescription, Record};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::contract::{Instance, Plugin};
use crate::environment::Environment;
use crate::kind::Kind;

/// The version that plugins report: of the Kong whose fields they have.
pub(crate) const KONG: &str = "3.9.1";

type Build = fn(Uuid, &Record, &Environment) -> Result<Arc<dyn Plugin>, String>;

/// A plugin that checks nothing beyond its schema.
pub(crate) struct Simple {
    description: PluginDescription,
    build: Build,
}

impl Simple {
    /// A plugin of this description.
    pub(crate) fn boxed(description: PluginDescription, build: Build) -> Box<dyn Kind> {
        Box::new(Self { description, build })
    }
}

impl Kind for Simple {
    fn description(&self) -> &PluginDescription {
        &self.description
    }

    fn build(&self, instance: &Instance<'_>, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
        (self.build)(instance.id, instance.config, environment)
    }
}

/// A configuration that passed its schema, as a type.
pub(crate) fn read<T: DeserializeOwned>(config: &Record) -> Result<T, String> {
    serde_json::from_value(Value::Object(config.clone())).map_err(|fault| fault.to_string())
}

/// The configuration in a plugin entity, for its checks across fields.
pub(crate) fn config_of(plugin: &Record) -> Option<&Record> {
    plugin.get("config").and_then(Value::as_object)
}

/// Fields that frame a message or belong to its connection: what a plugin's configuration says about them would let one
/// side see another message than the other.
pub(crate) fn is_framing(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The name of a field that a plugin may set.
pub(crate) fn settable(field: &str, name: &str) -> Result<HeaderName, String> {
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{field}: bad header name '{name}'"))?;
    if is_framing(&parsed) {
        return Err(format!("{field}: '{name}' frames the message and cannot be set"));
    }
    Ok(parsed)
}

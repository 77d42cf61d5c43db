//! What the node says about itself: settings, status, schemas, tags.

mod root;
mod schemas;
mod status;
mod tags;

pub(crate) use root::{enabled_plugins, root};
pub(crate) use schemas::{entity_schema, plugin_config_schema, plugin_schema, validate};
pub(crate) use status::status;
pub(crate) use tags::tags;

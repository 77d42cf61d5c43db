//! What the node says about itself: settings, status, schemas, tags, and what its plugins keep.

mod aside;
mod inside;
mod log_level;
mod openid_connect;
mod ready;
mod root;
mod schemas;
mod status;
mod tags;

pub(crate) use inside::inside;
pub(crate) use log_level::{log_level, set_log_level};
pub(crate) use openid_connect::{issuer, issuers, jwks};
pub(crate) use ready::{Draining, ready};
pub(crate) use root::{cache, enabled_plugins, metrics, root, timers};
pub(crate) use schemas::{entity_schema, plugin_config_schema, plugin_schema, validate};
pub(crate) use status::status;
pub(crate) use tags::tags;

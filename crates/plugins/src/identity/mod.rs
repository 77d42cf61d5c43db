//! What the plugins that authenticate share: who calls, how the upstream is told, and what happens to callers that are
//! not known.
//!
//! Several of these plugins on one route all have to be content, each in its turn; the last one says who calls. With
//! `anonymous` one is enough: a plugin that has it lets a request through that another one knows already, and takes a
//! caller that it does not know for the anonymous consumer.

mod anonymous;
mod authentication;
mod challenge;
mod config;
mod fields;
pub(crate) mod multipart;
pub(crate) mod parameter;

pub(crate) use anonymous::become_anonymous;
pub(crate) use authentication::{Call, Found, Invalid, Method, accept, kind};
pub(crate) use challenge::{challenge, refusal};
pub(crate) use config::{flag, list, text};
pub(crate) use fields::{group_list, is_identity, restate};

use keybound_model::PluginDescription;
use keybound_model::schema::Schema;

/// The version that the plugins of Kong's own distribution report: the distribution's.
const VERSION: &str = "3.9.1";

/// Most bytes of a body that is searched for a credential.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// A plugin that says who calls, and so cannot be bound to those who do.
pub(crate) fn described(name: &'static str, priority: i32, schema: Schema) -> PluginDescription {
    PluginDescription::new(name, VERSION, priority, schema).without_consumer()
}

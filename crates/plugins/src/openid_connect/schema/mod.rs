//! The fields of `openid-connect`: Kong's, with Kong's defaults, and Keybound's own.
//!
//! Every field of Kong's plugin is known by name, type, default and check. One that Keybound does not act on yet is
//! refused by name when it is set to anything but its default, so that nothing is silently ignored.

mod across;
mod credential;
mod flows;
mod headers;
mod introspection;
mod kinds;
mod legacy;
mod possession;
mod redis;
mod session;
mod token;

use keybound_model::PluginDescription;
use keybound_model::schema::Schema;

/// The plugin's name.
pub(crate) const NAME: &str = "openid-connect";
/// Its place in the order, as in Kong.
pub(crate) const PRIORITY: i32 = 1050;

/// What the configuration side knows of the plugin.
pub(crate) fn description() -> PluginDescription {
    PluginDescription::new(NAME, env!("CARGO_PKG_VERSION"), PRIORITY, config_schema()).without_consumer()
}

/// The schema of `config`, fields by name.
fn config_schema() -> Schema {
    let mut fields = token::fields();
    fields.extend(credential::fields());
    fields.extend(introspection::fields());
    fields.extend(possession::fields());
    fields.extend(session::fields());
    fields.extend(flows::fields());
    fields.extend(headers::fields());
    fields.extend(redis::fields());
    fields.sort_by_key(|(name, _)| *name);
    let mut schema = Schema::new(fields);
    schema.shorthands = legacy::shorthands();
    schema.checks = across::checks();
    schema.checks.extend(session::checks());
    schema
}

#[cfg(test)]
mod tests;

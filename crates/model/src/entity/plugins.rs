use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::Descriptor;
use super::fields::{PROTOCOLS, created_at, id, name, tags, updated_at};
use crate::catalog::HTTP_PROTOCOLS;
use crate::schema::{Check, Kind, OnDelete, Schema, any, boolean, foreign, record_of, set, string};
use crate::{Errors, PluginDescription, Record};

/// What happens to the requests of a service or a route, or to all.
pub static PLUGINS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("plugins", "plugin", schema())
        .endpoint_key("instance_name")
        .unique_together(&["name", "route", "service", "consumer", "consumer_group"])
        .array_reference("config.ca_certificates", "ca_certificates")
        .of_plugins()
});

fn schema() -> Schema {
    let scope = |entity| foreign(entity).on_delete(OnDelete::Cascade);
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("name", string().required().doc("Which plugin.")),
        ("instance_name", name().doc("A name of this instance, usable in URLs in place of the id.")),
        ("route", scope("routes").doc("Only requests of this route.")),
        ("service", scope("services").doc("Only requests of this service.")),
        ("consumer", scope("consumers").doc("Only requests of this consumer.")),
        ("consumer_group", scope("consumer_groups").doc("Only requests of the consumers of this group.")),
        ("config", any().doc("The plugin's own fields.")),
        (
            "protocols",
            set(string().one_of(PROTOCOLS))
                .required()
                .len_min(1)
                .default(HTTP_PROTOCOLS)
                .doc("Protocols for which it runs."),
        ),
        ("enabled", boolean().required().default(true).doc("Whether it runs.")),
        ("tags", tags()),
    ])
}

/// The schema of the entity for one plugin.
pub(super) fn schema_with(base: &Schema, plugin: &PluginDescription) -> Schema {
    let mut schema = base.clone();
    for field in &mut schema.fields {
        match field.name {
            "config" => field.ty = record_of(Arc::clone(&plugin.config)).required().doc(field.ty.doc),
            "protocols" => {
                let element = string().one_of(plugin.allowed.iter().copied());
                field.ty.kind = Kind::Set(Box::new(element));
                field.ty.default = Some(plugin.protocols.clone().into());
            }
            name if plugin.forbidden_scopes.contains(&name) => {
                field.ty.unsupported = false;
                field.ty.checks.push(Check::Eq(Value::Null));
            }
            _ => {}
        }
    }
    schema.checks.extend(plugin.checks.iter().cloned());
    schema
}

/// The answer of `/schemas/plugins/{name}`: the fields in which the plugin differs from the entity.
#[must_use]
pub fn plugin_schema_json(plugin: &PluginDescription) -> Value {
    let mut schema = schema_with(&PLUGINS.schema, plugin);
    schema.fields.retain(|field| {
        matches!(field.name, "config" | "protocols") || plugin.forbidden_scopes.contains(&field.name)
    });
    let mut answer = schema.to_json();
    if let Value::Object(members) = &mut answer {
        members.entry("entity_checks").or_insert_with(|| json!([]));
    }
    answer
}

/// Whether a plugin serves a protocol of its route, or of at least one route of its service.
///
/// `route` is the plugin's route, `service_routes` the routes of its service; a service without routes fits.
///
/// # Errors
/// `protocols: must match the associated route's protocols`, or
/// `protocols: must match the protocols of at least one route pointing to this Plugin's service`
pub fn protocols_fit(
    plugin: &Record,
    route: Option<&Record>,
    service_routes: &[&Record],
) -> Result<(), Errors> {
    let own = protocols(plugin);
    let fits = |route: &Record| protocols(route).intersection(&own).next().is_some();
    if let Some(route) = route {
        return if fits(route) {
            Ok(())
        } else {
            Err(Errors::field("protocols", "must match the associated route's protocols"))
        };
    }
    if service_routes.is_empty() || service_routes.iter().any(|route| fits(route)) {
        return Ok(());
    }
    let text = "must match the protocols of at least one route pointing to this Plugin's service";
    Err(Errors::field("protocols", text))
}

fn protocols(record: &Record) -> BTreeSet<&str> {
    record
        .get("protocols")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

use keybound_model::{Configuration, PluginInstance};
use serde_json::Value;

/// What serves, but not as it was probably meant: for the log and for `/status`.
pub(super) fn of(database: &str, configuration: &Configuration) -> Vec<String> {
    // Only a database that several nodes can share says that there may be several.
    if database != "postgres" {
        return Vec::new();
    }
    let alone = configuration.plugins.iter().filter(|plugin| remembers_alone(plugin));
    let warning = |plugin: &PluginInstance| {
        format!(
            "plugin {}: this node remembers used proofs for itself, and a proof passes once on every node: set \
             dpop_replay_strategy to redis where there are several",
            plugin.id
        )
    };
    alone.map(warning).collect()
}

/// Whether a plugin enforces that a proof passes once, but only knows of those that this process let through.
fn remembers_alone(plugin: &PluginInstance) -> bool {
    let is = |name: &str, default: &str, value: &str| {
        plugin.config.get(name).and_then(Value::as_str).unwrap_or(default) == value
    };
    plugin.enabled
        && plugin.name == "openid-connect"
        && !is("proof_of_possession_dpop", "off", "off")
        && is("dpop_replay_strategy", "memory", "memory")
        && is("dpop_replay_protection", "enforce", "enforce")
}

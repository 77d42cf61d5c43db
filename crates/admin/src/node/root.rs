use std::collections::BTreeSet;

use keybound_model::Record;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `GET /`, `GET /kong`
pub(crate) async fn root(state: &AdminState) -> Result<Answer, Failure> {
    let operation = Operation { verb: "read", entity: "plugins", by: None };
    let stored = state.store.load().await.map_err(|fault| Failure::Store(fault, operation))?;
    let configured: BTreeSet<String> =
        stored.configuration.plugins.into_iter().map(|plugin| plugin.name).collect();
    let node = &state.node;
    Ok(Answer::ok(json!({
        "tagline": "Welcome to kong",
        "version": node.version,
        "keybound_version": node.keybound_version,
        "edition": "community",
        "hostname": node.hostname,
        "node_id": node.node_id,
        "timers": {"running": 0, "pending": 0},
        "plugins": {"available_on_server": available(state), "enabled_in_cluster": configured},
        "configuration": node.configuration,
        "pids": {"master": node.pid, "workers": [node.pid]},
    })))
}

fn available(state: &AdminState) -> Value {
    let names = state.catalog.names();
    let plugins = names.into_iter().filter_map(|name| {
        let plugin = state.catalog.plugin(name)?;
        Some((name.to_owned(), json!({"version": plugin.version, "priority": plugin.priority})))
    });
    Value::Object(plugins.collect::<Record>())
}

/// `GET /plugins/enabled`
pub(crate) fn enabled_plugins(state: &AdminState) -> Result<Answer, Failure> {
    Ok(Answer::ok(json!({"enabled_plugins": state.catalog.names()})))
}

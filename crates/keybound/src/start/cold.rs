use std::time::Duration;

use keybound_model::{Configuration, PluginInstance};
use keybound_pop::time::UnixTime;
use serde_json::Value;

use crate::clock::SystemClock;

/// Waits for the next full second after the process's start when replay records in memory were lost with the process
/// before it.
///
/// Until lifetime and leeway have passed, proofs with an `iat` before that second are answered with a nonce, because
/// they could have been used before the start. `iat` counts whole seconds: without this wait, a client that signs
/// right after the start would carry the very second of the start and be sent for a nonce without need.
pub(super) async fn wait(configuration: &Configuration, started: UnixTime) {
    if configuration.plugins.iter().any(forgets_at_start) {
        let until =
            Duration::from_secs(u64::try_from(started.next_whole_second().secs()).unwrap_or_default());
        tokio::time::sleep(until.saturating_sub(SystemClock.since_epoch())).await;
    }
}

/// Whether a plugin checks proofs and remembers used ones only in memory.
fn forgets_at_start(plugin: &PluginInstance) -> bool {
    let text = |name: &str, default: &'static str| {
        plugin.config.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    plugin.enabled
        && plugin.name == "openid-connect"
        && text("proof_of_possession_dpop", "off") != "off"
        && text("dpop_replay_strategy", "memory") == "memory"
        && text("dpop_replay_protection", "enforce") != "off"
}

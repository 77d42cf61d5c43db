use std::time::Duration;

use keybound_model::{Configuration, PluginInstance};
use keybound_pop::time::UnixTime;
use serde_json::Value;

use crate::clock::SystemClock;

/// Waits for the next full second after the process's start when replay records may have been lost with the process
/// before it: those in memory, and those in a Redis that has nothing yet.
///
/// Until lifetime and leeway have passed, proofs with an `iat` before that second are answered with a nonce, because
/// they could have been used before the start. `iat` counts whole seconds: without this wait, a client that signs
/// right after the start would carry the very second of the start and be sent for a nonce without need.
pub(super) async fn wait(configuration: &Configuration, started: UnixTime) {
    if forgets(configuration) {
        let until =
            Duration::from_secs(u64::try_from(started.next_whole_second().secs()).unwrap_or_default());
        tokio::time::sleep(until.saturating_sub(SystemClock.since_epoch())).await;
    }
}

/// Whether a plugin checks proofs and may have no record of those that were used before the start.
pub(super) fn forgets(configuration: &Configuration) -> bool {
    configuration.plugins.iter().any(forgets_at_start)
}

/// Whether a plugin checks proofs and remembers used ones.
fn forgets_at_start(plugin: &PluginInstance) -> bool {
    let text = |name: &str, default: &'static str| {
        plugin.config.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    plugin.enabled
        && plugin.name == "openid-connect"
        && text("proof_of_possession_dpop", "off") != "off"
        && text("dpop_replay_protection", "enforce") != "off"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn forgets(name: &str, config: Value) -> bool {
        let record = json!({
            "id": "11111111-2222-4333-8444-555555555555",
            "name": name,
            "config": config,
            "instance_name": null,
            "service": null,
            "route": null,
            "consumer": null,
            "tags": null,
            "enabled": true,
            "protocols": ["http", "https"],
            "created_at": 1,
            "updated_at": 1,
        });
        let Value::Object(record) = record else { return false };
        forgets_at_start(&PluginInstance::try_from(&record).unwrap())
    }

    #[test]
    fn only_an_instance_that_checks_proofs_and_remembers_them_makes_the_start_wait() {
        assert!(forgets("openid-connect", json!({ "proof_of_possession_dpop": "strict" })));
        assert!(forgets("openid-connect", json!({ "proof_of_possession_dpop": "optional" })));
        assert!(!forgets("openid-connect", json!({ "proof_of_possession_dpop": "off" })));
        assert!(!forgets("openid-connect", json!({})));
        assert!(!forgets("key-auth", json!({ "proof_of_possession_dpop": "strict" })));
        let off = json!({ "proof_of_possession_dpop": "strict", "dpop_replay_protection": "off" });
        assert!(!forgets("openid-connect", off));
        let shared = json!({ "proof_of_possession_dpop": "strict", "dpop_replay_strategy": "redis" });
        assert!(forgets("openid-connect", shared));
    }
}

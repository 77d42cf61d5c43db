use std::collections::BTreeSet;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use keybound_model::Record;
use serde_json::{Value, json};

use super::aside::aside;
use crate::answer::Answer;
use crate::dispatch::Verb;
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

/// `GET /timers`: nothing here runs on timers of a worker, so there is nothing to show but the shape.
pub(crate) fn timers() -> Answer {
    let counts = json!({"running": 0, "pending": 0, "waiting": 0, "total": 0, "runs": 0});
    Answer::ok(json!({"worker": {"id": 0, "count": 1}, "stats": {"sys": counts, "timers": {}}}))
}

/// `/cache`, `/cache/{key}`: entities are not cached one by one, so there is never one to find, nor one to keep.
pub(crate) fn cache(verb: Verb) -> Result<Answer, Failure> {
    match verb {
        Verb::Delete => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        _ => Err(Failure::NotFound),
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(state: &AdminState) -> Result<Answer, Failure> {
    const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=UTF-8");
    let write = state.metrics.clone().ok_or(Failure::NotFound)?;
    let reachable = super::status::reachable(state).await;
    let text = aside(move || write(reachable)).await;
    Ok(Answer::text(StatusCode::OK, text).with(CONTENT_TYPE, EXPOSITION))
}

use keybound_model::entity::SERVICES;
use keybound_store::config::Query;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::ports::Connections;
use crate::query::Arguments;
use crate::state::AdminState;

/// `GET /status`: the counters of the data plane, and whether the configuration can be reached.
///
/// There is no Lua, so there are no Lua machines and shared dictionaries to weigh: both lists are there, and empty.
pub(crate) async fn status(state: &AdminState, arguments: &Arguments) -> Result<Answer, Failure> {
    unit(arguments)?;
    let serving = state.publisher.serving();
    let mut body = json!({"memory": {"workers_lua_vms": [], "lua_shared_dicts": {}}});
    let mut put = |name: &str, value: Value| {
        if let Value::Object(members) = &mut body {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(connections) = serving.connections {
        put("server", server(connections));
    }
    match &state.declarative {
        Some(declarative) => put("configuration_hash", declarative.hash().into()),
        None => {
            let reachable = reachable(state).await;
            put("database", json!({"reachable": reachable}));
        }
    }
    if let Some(fault) = serving.fault {
        put("configuration_fault", fault.into());
    }
    if !serving.warnings.is_empty() {
        put("warnings", serving.warnings.into());
    }
    Ok(Answer::ok(body))
}

/// Whether the configuration store answers.
pub(super) async fn reachable(state: &AdminState) -> bool {
    let probe = Query { size: 1, ..Query::default() };
    state.store.list(&SERVICES, &probe).await.is_ok()
}

fn server(connections: Connections) -> Value {
    json!({
        "connections_accepted": connections.accepted,
        "connections_handled": connections.accepted,
        "connections_active": connections.active,
        "total_requests": connections.requests,
    })
}

/// `unit` and `scale` are for the memory figures; what Kong refuses is refused.
fn unit(arguments: &Arguments) -> Result<(), Failure> {
    let unit = arguments.text("unit").unwrap_or("m");
    if !matches!(unit, "b" | "B" | "k" | "K" | "m" | "M" | "g" | "G") {
        let text = format!("invalid unit '{unit}' (expected 'k/K', 'm/M', 'g/G' or 'b/B')");
        return Err(Failure::Status(text));
    }
    if arguments.text("scale").is_some_and(|scale| scale.parse::<u32>().is_err()) {
        return Err(Failure::Status("scale must be a non-negative integer".to_owned()));
    }
    Ok(())
}

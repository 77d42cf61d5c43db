use keybound_suites::Stage;
use serde_json::{Value, json};

use crate::{STATUS, get, traffic};

fn look(stage: &Stage, path: &str) -> Value {
    let answer = get(stage.gateway.status.unwrap(), path);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.len() < 8 * 1024, "{}", answer.body.len());
    serde_json::from_str(&answer.body).unwrap()
}

/// Every leaf.
fn leaves(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(members) => members.values().flat_map(leaves).collect(),
        leaf => vec![leaf],
    }
}

#[test]
fn memory_and_tasks_are_told_in_numbers_on_the_status_port_alone() {
    let stage = Stage::start_with(&[STATUS, ("nginx_worker_processes", "2")], json!({}));
    traffic(&stage);
    let memory = look(&stage, "/debug/memory");
    assert!(memory["process"]["resident_bytes"].as_u64().unwrap() > 1_000_000, "{memory}");
    assert!(memory["process"]["anonymous_bytes"].as_u64().unwrap() > 0, "{memory}");
    assert!(memory["caches"]["token"]["entries"].as_u64().unwrap() <= 1, "{memory}");
    assert_eq!(memory["replay"]["records"], 3, "{memory}");
    let tasks = look(&stage, "/debug/tasks");
    let workers = tasks["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 2, "{tasks}");
    let requests: u64 = workers.iter().map(|worker| worker["requests"].as_u64().unwrap()).sum();
    assert_eq!(requests, 5, "{tasks}");
    assert!(workers.iter().all(|worker| worker["runtime"]["tasks"].as_u64().unwrap() > 0), "{tasks}");
    assert!(tasks["control"]["threads"].as_u64().unwrap() > 0, "{tasks}");
    for leaf in leaves(&memory).into_iter().chain(leaves(&tasks)) {
        assert!(leaf.is_number() || leaf.is_null(), "{leaf}");
    }
    for path in ["/debug/memory", "/debug/tasks"] {
        assert_eq!(get(stage.gateway.admin.address, path).status, 404);
    }
}

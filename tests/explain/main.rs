//! What the built gateway says about its decisions: in answers, in its log, in its metrics, and in what it publishes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod debug;
mod log;
mod metadata;
mod roll_out;
mod step_up;

use keybound_suites::{Answer, Stage};
use serde_json::Value;

/// Asks the Admin API.
fn admin(stage: &Stage, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let address = stage.gateway.admin.address;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = Answer::to(address, request.as_bytes());
    assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body))
}

/// The samples of decisions.
fn counted(stage: &Stage) -> Vec<String> {
    let Value::String(text) = admin(stage, "GET", "/metrics", &Value::Null) else { return Vec::new() };
    text.lines().filter(|line| line.starts_with("keybound_binding_")).map(str::to_owned).collect()
}

/// The lines of the log that have this member, oldest first, once there are so many. The log is written by another process, a
/// little after its answer.
#[track_caller]
fn lines_with(stage: &Stage, member: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..1000 {
        let log = stage.gateway.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        found = lines.filter(|line| line.get(member).is_some_and(|value| !value.is_null())).collect();
        if found.len() >= count {
            break;
        }
        // Another conversation with the process gives it the time to write.
        admin(stage, "GET", "/", &Value::Null);
    }
    assert!(found.len() >= count, "the log has too few lines with {member}: {found:?}");
    found
}

use std::time::Duration;

use serde_json::json;

use crate::answer::Answer;
use crate::body::Body;
use crate::failure::Failure;
use crate::ports::{Level, LogLevel};
use crate::query::Arguments;
use crate::state::AdminState;

/// How long another level stays when the request does not say.
const SECONDS: f64 = 60.0;
/// A year; a longer time is as good as for good.
const LONGEST: f64 = 31_536_000.0;

fn port(state: &AdminState) -> Result<&dyn LogLevel, Failure> {
    state.log_level.as_deref().ok_or(Failure::NotFound)
}

/// `GET /debug/node/log-level`
pub(crate) fn log_level(state: &AdminState) -> Result<Answer, Failure> {
    let level = port(state)?.get();
    Ok(Answer::ok(json!({"message": format!("log level: {}", level.name())})))
}

/// `PUT /debug/node/log-level/{level}`, with `timeout` in seconds; 0 is for good.
pub(crate) fn set_log_level(
    state: &AdminState,
    name: &str,
    arguments: &Arguments,
    body: &Body,
) -> Result<Answer, Failure> {
    let port = port(state)?;
    let level = Level::parse(name).ok_or_else(|| Failure::LogLevel(format!("unknown log level: {name}")))?;
    let seconds = match body.number("timeout").or_else(|| arguments.text("timeout").map(str::to_owned)) {
        None => Some(SECONDS),
        Some(text) => text.parse().ok(),
    };
    let seconds = seconds
        .filter(|seconds| *seconds >= 0.0 && seconds.is_finite())
        .ok_or_else(|| Failure::LogLevel("timeout must be greater than or equal to 0".to_owned()))?;
    if port.get() == level {
        return Ok(Answer::ok(json!({"message": format!("log level is already {}", level.name())})));
    }
    port.set(level, Duration::from_secs_f64(seconds.min(LONGEST))).map_err(Failure::Unexpected)?;
    Ok(Answer::ok(json!({"message": "log level changed"})))
}

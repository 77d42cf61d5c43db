//! `/config`: the whole configuration as one text, with `database=off`.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use keybound_model::Record;
use keybound_model::declarative::{Declared, hash};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::body::Body;
use crate::dispatch::Verb;
use crate::failure::Failure;
use crate::flatten::flatten;
use crate::ports::{Declarative, LoadFault};
use crate::query::Arguments;
use crate::state::AdminState;

/// The flags, which may stand in the URL or beside the configuration.
const FLAGS: [&str; 2] = ["check_hash", "flatten_errors"];

/// `GET /config`: the text that serves. `POST /config`: another one in its place; `check_hash` answers 304 when it is the
/// same, `flatten_errors` sorts what is wrong by entity.
pub(crate) async fn answer(
    state: &AdminState,
    verb: Verb,
    arguments: &Arguments,
    body: &Body,
) -> Result<Answer, Failure> {
    let declarative = state.declarative.as_ref().ok_or(Failure::NotDeclarative)?;
    if verb == Verb::Get {
        return Ok(Answer::ok(json!({"config": declarative.text()})));
    }
    let [check_hash, flatten_errors] = FLAGS.map(|name| flag(arguments, body, name));
    let text = text(body)?;
    if check_hash && hash(&text) == declarative.hash() {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    load(declarative, text, flatten_errors).await
}

async fn load(
    declarative: &Arc<dyn Declarative>,
    text: String,
    flatten_errors: bool,
) -> Result<Answer, Failure> {
    match declarative.load(text.clone()).await {
        Ok(declared) => Ok(Answer::json(StatusCode::CREATED, by_id(declared))),
        Err(LoadFault::Invalid(fault)) => {
            let flattened = flatten_errors.then(|| flatten(&fault, &text));
            Err(Failure::Declarative(Box::new(fault), flattened))
        }
        Err(LoadFault::Rejected(text)) => Err(Failure::CannotServe(text)),
        Err(fault @ LoadFault::Busy) => {
            Err(Failure::Unready(StatusCode::TOO_MANY_REQUESTS, fault.to_string()))
        }
        Err(fault @ LoadFault::Stopping) => {
            Err(Failure::Unready(StatusCode::SERVICE_UNAVAILABLE, fault.to_string()))
        }
        Err(LoadFault::Failed(cause)) => Err(Failure::Unexpected(cause)),
    }
}

fn flag(arguments: &Arguments, body: &Body, name: &str) -> bool {
    let is_set = |text: &str| matches!(text, "1" | "true" | "on" | "yes");
    let member = match body {
        Body::Json(record, _) => match record.get(name) {
            Some(Value::Bool(set)) => *set,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        },
        _ => false,
    };
    arguments.text(name).is_some_and(is_set) || body.text(name).is_some_and(is_set) || member
}

/// The configuration in a body: the whole of it, or the text of its member `config`.
fn text(body: &Body) -> Result<String, Failure> {
    if let Some(text) = body.text("config").filter(|text| !text.is_empty()) {
        return Ok(text.to_owned());
    }
    match body {
        Body::Json(record, bytes) if record.contains_key("_format_version") => {
            Ok(without_flags(record).unwrap_or_else(|| utf8(bytes)))
        }
        Body::Yaml(bytes) if !bytes.is_empty() => Ok(utf8(bytes)),
        _ => Err(Failure::NoConfiguration),
    }
}

/// The configuration again without the flags, when some stand in it; otherwise the client's own text serves.
fn without_flags(record: &Record) -> Option<String> {
    FLAGS.iter().any(|name| record.contains_key(*name)).then(|| {
        let mut record = record.clone();
        record.retain(|name, _| !FLAGS.contains(&name.as_str()));
        Value::Object(record).to_string()
    })
}

fn utf8(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn by_id(declared: Declared) -> Value {
    let kinds = declared.records.into_iter().map(|(name, records)| {
        let records = records.into_iter().filter_map(|record| {
            let id = record.get("id")?.as_str()?.to_owned();
            Some((id, Value::Object(record)))
        });
        (name.to_owned(), Value::Object(records.collect()))
    });
    Value::Object(kinds.collect())
}

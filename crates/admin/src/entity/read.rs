use keybound_model::Descriptor;
use keybound_store::config::Key;
use serde_json::{Value, json};

use super::{Below, escape, find_below};
use crate::answer::Answer;
use crate::failure::{Failure, Operation};
use crate::query::{self, Arguments};
use crate::state::AdminState;

/// `GET /E/{key}`, `GET /P/{key}/E/{key}`
pub(crate) async fn show(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    below: Option<Below>,
) -> Result<Answer, Failure> {
    let record = find_below(state, entity, key, below).await?.ok_or(Failure::NotFound)?;
    Ok(Answer::ok(Value::Object(record)))
}

/// `GET /E`, `GET /P/{key}/E`; `path` is the way to the list, for the link to the next page.
pub(crate) async fn list(
    state: &AdminState,
    entity: &'static Descriptor,
    arguments: &Arguments,
    below: Option<Below>,
    path: &str,
) -> Result<Answer, Failure> {
    let query = arguments.page(below)?;
    let operation = Operation { verb: "read", entity: entity.name, by: None };
    let page = state.store.list(entity, &query).await.map_err(|fault| Failure::Store(fault, operation))?;
    let Some(after) = page.next else {
        return Ok(Answer::ok(json!({"data": page.records, "next": null})));
    };
    let offset = query::encode(after);
    let mut next = format!("{path}?offset={}", escape(&offset));
    if below.is_none() {
        for name in ["tags", "size"] {
            if let Some(text) = arguments.text(name) {
                next = format!("{next}&{name}={}", escape(text));
            }
        }
    }
    Ok(Answer::ok(json!({"data": page.records, "next": next, "offset": offset})))
}

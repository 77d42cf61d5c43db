use keybound_model::Descriptor;
use keybound_model::entity::CONSUMER_GROUPS;
use keybound_store::config::Key;
use serde_json::{Value, json};

use super::{Below, escape, find_below, groups, present};
use crate::answer::Answer;
use crate::failure::{Failure, Operation};
use crate::query::{self, Arguments};
use crate::state::AdminState;

/// `GET /E/{key}` of a request: a group of consumers is shown with who is in it, unless `list_consumers=false`.
pub(crate) async fn show_whole(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    arguments: &Arguments,
) -> Result<Answer, Failure> {
    if entity.name != CONSUMER_GROUPS.name {
        return show(state, entity, key, None).await;
    }
    let group = find_below(state, entity, key, None).await?.ok_or(Failure::NotFound)?;
    groups::with_members(state, group, arguments.text("list_consumers") != Some("false")).await
}

/// `GET /E/{key}`, `GET /P/{key}/E/{key}`
pub(crate) async fn show(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    below: Option<Below>,
) -> Result<Answer, Failure> {
    let record = find_below(state, entity, key, below).await?.ok_or(Failure::NotFound)?;
    Ok(Answer::ok(Value::Object(present::present(state, entity, record).await?)))
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
    let data = present::present_all(state, entity, page.records).await?;
    let Some(after) = page.next else {
        return Ok(Answer::ok(json!({"data": data, "next": null})));
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
    Ok(Answer::ok(json!({"data": data, "next": next, "offset": offset})))
}

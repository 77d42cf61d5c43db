use keybound_model::Errors;
use keybound_model::entity::all_for;
use keybound_store::config::Query;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::entity::escape;
use crate::failure::{Failure, Operation};
use crate::query::Arguments;
use crate::state::AdminState;

/// `GET /tags`, `GET /tags/{tag}`: which entities have a tag. The offset counts them.
pub(crate) async fn tags(
    state: &AdminState,
    wanted: Option<&str>,
    arguments: &Arguments,
) -> Result<Answer, Failure> {
    if wanted.is_some_and(|tag| tag.chars().any(|c| c.is_control() || matches!(c, ',' | '/'))) {
        let text = format!(
            "invalid tag '{}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences",
            wanted.unwrap_or_default()
        );
        return Err(Errors::field("tags", text).into());
    }
    let (size, skipped) = (arguments.size()?, arguments.position()?);
    let mut data: Vec<Value> = every(state, wanted).await?.into_iter().skip(skipped).collect();
    let more = data.len() > size;
    data.truncate(size);
    if !more {
        return Ok(Answer::ok(json!({"data": data, "next": null})));
    }
    let offset = (skipped + size).to_string();
    let path = wanted.map_or_else(|| "/tags".to_owned(), |tag| format!("/tags/{}", escape(tag)));
    Ok(Answer::ok(json!({"data": data, "next": format!("{path}?offset={offset}"), "offset": offset})))
}

async fn every(state: &AdminState, wanted: Option<&str>) -> Result<Vec<Value>, Failure> {
    let mut data = Vec::new();
    for entity in all_for(state.router_flavor) {
        let operation = Operation { verb: "read", entity: entity.name, by: None };
        let mut query = Query { size: 1000, ..Query::default() };
        loop {
            let page =
                state.store.list(entity, &query).await.map_err(|fault| Failure::Store(fault, operation))?;
            for record in &page.records {
                let tags = record.get("tags").and_then(Value::as_array).into_iter().flatten();
                for tag in tags.filter(|tag| wanted.is_none_or(|wanted| tag.as_str() == Some(wanted))) {
                    data.push(json!({"tag": tag, "entity_name": entity.name, "entity_id": record.get("id")}));
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
    }
    Ok(data)
}

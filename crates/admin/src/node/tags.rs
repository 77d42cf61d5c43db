use keybound_model::entity::all;
use keybound_store::config::Query;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `GET /tags`, `GET /tags/{tag}`: which entities have a tag, in one page.
pub(crate) async fn tags(state: &AdminState, wanted: Option<&str>) -> Result<Answer, Failure> {
    let mut data = Vec::new();
    for entity in all() {
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
    Ok(Answer::ok(json!({"data": data, "next": null})))
}

use http::StatusCode;
use keybound_model::Descriptor;
use keybound_store::config::Change;
use serde_json::Value;
use uuid::Uuid;

use super::{Below, commit, expired, id_of, present, protocols, refer, references, snis};
use crate::answer::Answer;
use crate::body::Body;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `POST /E`, `POST /P/{key}/E`
pub(crate) async fn create(
    state: &AdminState,
    entity: &'static Descriptor,
    body: &Body,
    below: Option<Below>,
) -> Result<Answer, Failure> {
    let catalog = state.catalog.as_ref();
    let mut record = body.record(entity, None, catalog)?;
    if let Some(below) = below {
        refer(&mut record, below);
    }
    let names = snis::take(entity, &mut record, body)?;
    let mut record = entity.validate_insert(record, state.fresh(Uuid::new_v4()), catalog)?;
    references::resolve(state, entity, &mut record).await?;
    entity.transform(&mut record, None);
    protocols::check(state, entity, &record).await?;
    let operation = Operation { verb: "create", entity: entity.name, by: None };
    let mut changes = expired::out_of_the_way(state, entity, &record).await?;
    changes.push(Change::Insert { entity, record: record.clone() });
    if let (Some(names), Some(id)) = (names, id_of(&record)) {
        changes.extend(snis::changes(state, id, &names).await?);
    }
    commit::commit(state, operation, changes).await?;
    let shown = present::present(state, entity, record).await?;
    Ok(Answer::json(StatusCode::CREATED, Value::Object(shown)))
}

use http::StatusCode;
use keybound_model::{Descriptor, Fresh};
use keybound_store::config::Change;
use serde_json::Value;
use uuid::Uuid;

use super::{Below, commit, protocols, refer, references};
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
    let fresh = Fresh::new(Uuid::new_v4(), state.seconds());
    let mut record = entity.validate_insert(record, fresh, catalog)?;
    references::resolve(state, entity, &mut record).await?;
    protocols::check(state, entity, &record).await?;
    let operation = Operation { verb: "create", entity: entity.name, by: None };
    commit::commit(state, operation, vec![Change::Insert { entity, record: record.clone() }]).await?;
    Ok(Answer::json(StatusCode::CREATED, Value::Object(record)))
}

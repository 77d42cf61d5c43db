use http::StatusCode;
use keybound_model::Descriptor;
use keybound_store::config::{Change, Key};

use super::{Below, by, commit, find_below, id_of};
use crate::answer::Answer;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `DELETE /E/{key}`, `DELETE /P/{key}/E/{key}`: what is not there is deleted already; below a parent it is not found.
pub(crate) async fn delete(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    below: Option<Below>,
) -> Result<Answer, Failure> {
    let found = find_below(state, entity, key, below).await?;
    if found.is_none() && below.is_some() {
        return Err(Failure::NotFound);
    }
    if let Some(id) = found.as_ref().and_then(id_of) {
        let operation = Operation { verb: "remove", entity: entity.name, by: by(key) };
        commit::commit(state, operation, vec![Change::Delete { entity, id }]).await?;
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

use std::sync::OnceLock;

use http::StatusCode;
use keybound_model::entity::{CA_CERTIFICATES, SERVICES};
use keybound_model::{Configuration, Descriptor};
use keybound_store::config::{Change, Key, StoreFault};
use uuid::Uuid;

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
        let changes = vec![Change::Delete { entity, id }];
        if entity.name == CA_CERTIFICATES.name {
            unless_trusted(state, operation, changes, id).await?;
        } else {
            commit::commit(state, operation, changes).await?;
        }
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Deletes an authority, unless services trust it. Their list of authorities is no reference that the store knows.
async fn unless_trusted(
    state: &AdminState,
    operation: Operation,
    changes: Vec<Change>,
    id: Uuid,
) -> Result<(), Failure> {
    let trusting = OnceLock::new();
    let check = |configuration: &Configuration| {
        let trusts = |authorities: &Option<Vec<Uuid>>| authorities.iter().flatten().any(|other| *other == id);
        let service = configuration.services.iter().find(|service| trusts(&service.ca_certificates));
        service.map_or(Ok(()), |service| Err(trusting.get_or_init(|| service.id).to_string()))
    };
    let result = commit::commit_if(state, operation, changes, &check).await;
    match (&result, trusting.get()) {
        (Err(Failure::Store(StoreFault::Rejected(_), _)), Some(service)) => Err(Failure::ReferencedByOthers(
            CA_CERTIFICATES.still_referenced(&id.to_string(), &SERVICES, &service.to_string()),
        )),
        _ => result,
    }
}

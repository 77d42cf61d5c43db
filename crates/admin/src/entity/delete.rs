use std::sync::OnceLock;

use http::StatusCode;
use keybound_model::entity::{CA_CERTIFICATES, PLUGINS, SERVICES};
use keybound_model::{Configuration, Descriptor};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::Value;
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

/// Deletes an authority, unless services or plugins trust it. Their list of authorities is no reference that the store
/// knows.
async fn unless_trusted(
    state: &AdminState,
    operation: Operation,
    changes: Vec<Change>,
    id: Uuid,
) -> Result<(), Failure> {
    let trusting = OnceLock::new();
    let check = |configuration: &Configuration| match trusts(configuration, id) {
        Some(text) => Err(trusting.get_or_init(|| text).clone()),
        None => Ok(()),
    };
    let result = commit::commit_if(state, operation, changes, &check).await;
    match (&result, trusting.into_inner()) {
        (Err(Failure::Store(StoreFault::Rejected(_), _)), Some(text)) => {
            Err(Failure::ReferencedByOthers(text))
        }
        _ => result,
    }
}

/// Who trusts an authority, in Kong's words.
fn trusts(configuration: &Configuration, id: Uuid) -> Option<String> {
    let id = id.to_string();
    let names = |authorities: &Option<Vec<Uuid>>| {
        authorities.iter().flatten().any(|authority| authority.to_string() == id)
    };
    let service = configuration.services.iter().find(|service| names(&service.ca_certificates));
    let service = service.map(|service| (&SERVICES, service.id));
    let plugin = configuration.plugins.iter().find(|plugin| {
        plugin.config.get("ca_certificates").and_then(Value::as_array).is_some_and(|authorities| {
            authorities.iter().any(|authority| authority.as_str() == Some(id.as_str()))
        })
    });
    let (kind, referrer) = service.or_else(|| plugin.map(|plugin| (&PLUGINS, plugin.id)))?;
    Some(CA_CERTIFICATES.still_referenced(&id, kind, &referrer.to_string()))
}

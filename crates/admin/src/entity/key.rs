use keybound_model::entity::{CERTIFICATES, SNIS, TARGETS, with_port};
use keybound_model::{Descriptor, Record, ids};
use keybound_store::config::Key;
use serde_json::Value;
use uuid::Uuid;

use super::{Below, children, find, id_of, reference};
use crate::endpoints::Link;
use crate::failure::Failure;
use crate::state::AdminState;

/// What a path names.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// By which key it is found.
    pub(crate) key: Key,
    /// The name in the path, where it is one that a new certificate shall be shown for.
    pub(crate) sni: Option<String>,
}

/// What a path names an entity by: an id, a value of the endpoint key, or, for a certificate, a name that it is shown for.
/// `below` is the parent in the path.
pub(crate) async fn locate(
    state: &AdminState,
    entity: &'static Descriptor,
    text: &str,
    below: Option<Below>,
) -> Result<Named, Failure> {
    if let Some(id) = ids::parse(text) {
        return Ok(Named { key: Key::Id(id), sni: None });
    }
    if entity.name == CERTIFICATES.name {
        return by_sni(state, text).await;
    }
    let key = match (entity.nested_key, below, entity.endpoint_key) {
        (Some(field), Some(below), _) => among(state, entity, field, text, below).await?,
        (_, _, Some(field)) => {
            checked(entity, field, text)?;
            Key::Unique(field, text.to_owned())
        }
        _ => return Err(Failure::PrimaryKey(text.to_owned())),
    };
    Ok(Named { key, sni: None })
}

fn checked(entity: &Descriptor, field: &'static str, text: &str) -> Result<(), Failure> {
    let processed = entity.schema.field(field).map_or(Ok(Value::Null), |ty| ty.process(text.into()));
    processed.map(drop).map_err(|violation| {
        let text = violation.to_json().as_str().map_or_else(|| text.to_owned(), str::to_owned);
        Failure::UniqueKey(field, text)
    })
}

/// By a value that only one child of a parent has.
async fn among(
    state: &AdminState,
    entity: &'static Descriptor,
    field: &'static str,
    text: &str,
    below: Below,
) -> Result<Key, Failure> {
    let with_port = (entity.name == TARGETS.name).then(|| with_port(text)).flatten();
    let text = with_port.as_deref().unwrap_or(text);
    let is_it = |record: &Record| record.get(field).and_then(Value::as_str) == Some(text);
    let found = children::every(state, entity, Some(below)).await?.into_iter().find(is_it);
    Ok(found.as_ref().and_then(id_of).map_or_else(|| Key::Unique(field, text.to_owned()), Key::Id))
}

/// By a name that a certificate is shown for. An unknown one is that of a certificate to be made, with a fresh id.
async fn by_sni(state: &AdminState, text: &str) -> Result<Named, Failure> {
    let found = find(state, &SNIS, &Key::Unique("name", text.to_owned())).await?;
    let known = found.as_ref().and_then(|sni| reference(sni, "certificate"));
    let sni = known.is_none().then(|| text.to_owned());
    Ok(Named { key: Key::Id(known.unwrap_or_else(Uuid::new_v4)), sni })
}

/// The parent that a path names; its absence is the absence of everything below it.
pub(crate) async fn parent(state: &AdminState, link: Link, text: &str) -> Result<Below, Failure> {
    let named = locate(state, link.parent, text, None).await?;
    if named.sni.is_some() {
        return Err(Failure::UnknownSni);
    }
    let found = find(state, link.parent, &named.key).await?;
    let id = found.as_ref().and_then(id_of).ok_or(Failure::NotFound)?;
    Ok((link.field, id))
}

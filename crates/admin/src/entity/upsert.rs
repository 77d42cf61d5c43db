use keybound_model::entity::{CERTIFICATES, TARGETS};
use keybound_model::{Descriptor, Record};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::Value;
use uuid::Uuid;

use super::{
    ATTEMPTS, Below, Named, by, commit, expired, find_below, id_of, present, protocols, refer, references,
    snis,
};
use crate::body::Body;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `PUT /E/{key}`, `PUT /P/{key}/E/{key}`: the whole entity, new or in place of the one that is there. What the path says
/// overrides the body.
pub(crate) async fn upsert(
    state: &AdminState,
    entity: &'static Descriptor,
    named: &Named,
    body: &Body,
    below: Option<Below>,
) -> Result<Record, Failure> {
    let key = &named.key;
    let operation = Operation { verb: "create or update", entity: entity.name, by: by(key) };
    for _ in 0..ATTEMPTS {
        let existing = find_below(state, entity, key, below).await?;
        if existing.is_none() && entity.name == TARGETS.name && by(key).is_some() {
            return Err(Failure::NotFound);
        }
        let (record, names) = prepare(state, entity, key, body, below, existing.as_ref()).await?;
        let change = match existing {
            Some(previous) => Change::Replace { entity, previous, record: record.clone() },
            None => Change::Insert { entity, record: record.clone() },
        };
        let inserting = matches!(change, Change::Insert { .. });
        let mut changes = match inserting {
            true => expired::out_of_the_way(state, entity, &record).await?,
            false => Vec::new(),
        };
        changes.push(change);
        if let (Some(mut names), Some(id)) = (names, id_of(&record)) {
            names.extend(named.sni.iter().filter(|sni| !names.contains(sni)).cloned().collect::<Vec<_>>());
            changes.extend(snis::changes(state, id, &names).await?);
        }
        let result = commit::commit(state, operation, changes).await;
        if commit::raced(&result) || (inserting && is_there_now(key, &result)) {
            continue;
        }
        result?;
        return present::present(state, entity, record).await;
    }
    Err(Failure::Store(StoreFault::Changed, operation))
}

/// Whether what the path names was not there when we looked, and is now.
fn is_there_now(key: &Key, result: &Result<(), Failure>) -> bool {
    match (key, result) {
        (Key::Id(ours), Err(Failure::Store(StoreFault::PrimaryKey { id }, _))) => ours == id,
        (Key::Unique(field, _), Err(Failure::Store(StoreFault::Unique { fields }, _))) => {
            fields.contains_key(*field)
        }
        _ => false,
    }
}

/// The complete record for an upsert, with its references resolved; of a certificate also the names that it is shown for.
pub(super) async fn prepare(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    body: &Body,
    below: Option<Below>,
    existing: Option<&Record>,
) -> Result<(Record, Option<Vec<String>>), Failure> {
    let catalog = state.catalog.as_ref();
    let mut record = body.record(entity, None, catalog)?;
    let id = match key {
        Key::Id(id) => {
            record.insert("id".to_owned(), Value::String(id.to_string()));
            *id
        }
        Key::Unique(field, value) => {
            record.insert((*field).to_owned(), Value::String(value.clone()));
            Uuid::new_v4()
        }
    };
    if let Some(below) = below {
        refer(&mut record, below);
    }
    let names = snis::take(entity, &mut record, body)?.unwrap_or_default();
    let mut record = entity.validate_upsert(existing, record, state.fresh(id), catalog)?;
    references::resolve(state, entity, &mut record).await?;
    entity.transform(&mut record, None);
    protocols::check(state, entity, &record).await?;
    Ok((record, (entity.name == CERTIFICATES.name).then_some(names)))
}

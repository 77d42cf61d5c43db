use keybound_model::{Descriptor, Fresh, Record};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::Value;
use uuid::Uuid;

use super::{ATTEMPTS, Below, by, commit, find_below, protocols, refer, references};
use crate::body::Body;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `PUT /E/{key}`, `PUT /P/{key}/E/{key}`: the whole entity, new or in place of the one that is there. What the path says
/// overrides the body.
pub(crate) async fn upsert(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    body: &Body,
    below: Option<Below>,
) -> Result<Record, Failure> {
    let operation = Operation { verb: "create or update", entity: entity.name, by: by(key) };
    for _ in 0..ATTEMPTS {
        let existing = find_below(state, entity, key, below).await?;
        let record = prepare(state, entity, key, body, below, existing.as_ref()).await?;
        let change = match existing {
            Some(previous) => Change::Replace { entity, previous, record: record.clone() },
            None => Change::Insert { entity, record: record.clone() },
        };
        let inserting = matches!(change, Change::Insert { .. });
        let result = commit::commit(state, operation, vec![change]).await;
        if commit::raced(&result) || (inserting && is_there_now(key, &result)) {
            continue;
        }
        return result.map(|()| record);
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

/// The complete record for an upsert, with its references resolved.
pub(super) async fn prepare(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    body: &Body,
    below: Option<Below>,
    existing: Option<&Record>,
) -> Result<Record, Failure> {
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
    let fresh = Fresh::new(id, state.seconds());
    let mut record = entity.validate_upsert(existing, record, fresh, catalog)?;
    references::resolve(state, entity, &mut record).await?;
    protocols::check(state, entity, &record).await?;
    Ok(record)
}

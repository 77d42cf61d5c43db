use keybound_model::{Descriptor, Record, ids};
use keybound_store::config::{Change, Key};
use serde_json::Value;

use super::id_of;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// What ends records whose time is over, and that would be in the way of a new one: of the same id, or with the same value
/// where none may be twice.
pub(super) async fn out_of_the_way(
    state: &AdminState,
    entity: &'static Descriptor,
    record: &Record,
) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    if !entity.expires {
        return Ok(changes);
    }
    let operation = Operation { verb: "read", entity: entity.name, by: None };
    let text = |field: &str| record.get(field).and_then(Value::as_str).map(str::to_owned);
    let id = id_of(record).map(Key::Id);
    let unique = entity.unique_fields().filter_map(|field| Some(Key::Unique(field, text(field)?)));
    let mut ended = Vec::new();
    for key in id.into_iter().chain(unique) {
        let found = state.store.find(entity, &key).await;
        let found = found.map_err(|fault| Failure::Store(fault, operation))?;
        let over = found.filter(|record| entity.is_expired(record, state.seconds()));
        ended.extend(over.and_then(|record| record.get("id")?.as_str().and_then(ids::parse)));
    }
    ended.sort_unstable();
    ended.dedup();
    changes.extend(ended.into_iter().map(|id| Change::Delete { entity, id }));
    Ok(changes)
}

use keybound_model::{Descriptor, Record};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::Value;

use super::{ATTEMPTS, Below, by, commit, find_below, id_of, present, protocols, refer, references, snis};
use crate::body::Body;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `PATCH /E/{key}`, `PATCH /P/{key}/E/{key}`: what the body says over what is there.
pub(crate) async fn update(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    body: &Body,
    below: Option<Below>,
) -> Result<Record, Failure> {
    let operation = Operation { verb: "update", entity: entity.name, by: by(key) };
    let catalog = state.catalog.as_ref();
    for _ in 0..ATTEMPTS {
        let previous = find_below(state, entity, key, below).await?;
        let previous = previous.ok_or_else(|| absent(entity, key, body, below))?;
        let known = previous.get("name").and_then(Value::as_str);
        let mut patch = body.record(entity, known, catalog)?;
        if let Some(below) = below {
            refer(&mut patch, below);
        }
        let names = snis::take(entity, &mut patch, body)?;
        let mut record = entity.validate_update(&previous, patch.clone(), (state.now)(), catalog)?;
        references::resolve(state, entity, &mut record).await?;
        entity.transform(&mut record, Some(&patch));
        protocols::check(state, entity, &record).await?;
        let mut changes = vec![Change::Replace { entity, previous, record: record.clone() }];
        if let (Some(names), Some(id)) = (names, id_of(&record)) {
            changes.extend(snis::changes(state, id, &names).await?);
        }
        let result = commit::commit(state, operation, changes).await;
        if !commit::raced(&result) {
            result?;
            return present::present(state, entity, record).await;
        }
    }
    Err(Failure::Store(StoreFault::Changed, operation))
}

/// Kong looks a nested entity up before it updates it, and a plugin whose name the body leaves open; both look-ups answer
/// without a code.
fn absent(entity: &Descriptor, key: &Key, body: &Body, below: Option<Below>) -> Failure {
    if below.is_some() || (entity.is_plugin && body.text("name").is_none()) {
        return Failure::NotFound;
    }
    let (field, value) = match key {
        Key::Id(id) => ("id", id.to_string()),
        Key::Unique(field, value) => (*field, value.clone()),
    };
    Failure::Missing(Record::from_iter([(field.to_owned(), Value::String(value))]))
}

use std::collections::BTreeSet;

use keybound_model::declarative::Declared;
use keybound_model::entity::{Descriptor, RouterFlavor, all_for};
use keybound_model::{Configuration, Record};
use keybound_store::config::{Change, ConfigStore, Key, StoreFault};
use serde_json::Value;
use uuid::Uuid;

use super::ConfigFault;
use crate::start::Parts;

/// Brings a declared configuration into a store, in one transaction: what has the same id is replaced, the rest is new.
/// Returns how many records were written.
pub(super) async fn import(
    store: &dyn ConfigStore,
    parts: &Parts,
    flavor: RouterFlavor,
    declared: Declared,
) -> Result<usize, ConfigFault> {
    let mut declared = declared.records;
    let mut changes = Vec::new();
    for entity in parents_first(flavor) {
        for record in declared.remove(entity.name).unwrap_or_default() {
            changes.push(change(store, entity, record).await?);
        }
    }
    let count = changes.len();
    if count > 0 {
        let check =
            |configuration: &Configuration| parts.compile(configuration).map_err(|fault| fault.to_string());
        store.apply(changes, &check).await.map_err(ConfigFault::Store)?;
    }
    Ok(count)
}

async fn change(
    store: &dyn ConfigStore,
    entity: &'static Descriptor,
    record: Record,
) -> Result<Change, ConfigFault> {
    let text = record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let fault = |cause| ConfigFault::Record { entity: entity.name, id: text.clone(), cause };
    let id =
        Uuid::parse_str(&text).map_err(|_| fault(StoreFault::Engine("its id is not a UUID".to_owned())))?;
    Ok(match store.find(entity, &Key::Id(id)).await.map_err(fault)? {
        Some(previous) => Change::Replace { entity, previous, record },
        None => Change::Insert { entity, record },
    })
}

/// Every kind, none before those that it refers to.
fn parents_first(flavor: RouterFlavor) -> Vec<&'static Descriptor> {
    let mut waiting: Vec<&'static Descriptor> = all_for(flavor).into_iter().collect();
    let mut placed: Vec<&'static Descriptor> = Vec::with_capacity(waiting.len());
    let mut names: BTreeSet<&str> = BTreeSet::new();
    while !waiting.is_empty() {
        let all: BTreeSet<&str> = waiting.iter().map(|entity| entity.name).collect();
        let is_ready = |entity: &Descriptor| {
            entity.foreign_keys().all(|(_, foreign)| {
                foreign.entity == entity.name
                    || names.contains(foreign.entity)
                    || !all.contains(foreign.entity)
            })
        };
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|entity| is_ready(entity));
        if ready.is_empty() {
            // Kinds that refer to each other in a circle have no order; the store says what it cannot take.
            placed.extend(rest);
            break;
        }
        names.extend(ready.iter().map(|entity| entity.name));
        placed.extend(ready);
        waiting = rest;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_comes_before_one_that_it_refers_to() {
        for flavor in [RouterFlavor::Traditional, RouterFlavor::Expressions] {
            let kinds = parents_first(flavor);
            assert_eq!(kinds.len(), all_for(flavor).len());
            for (at, entity) in kinds.iter().enumerate() {
                for (field, foreign) in entity.foreign_keys() {
                    if let Some(parent) = kinds.iter().position(|kind| kind.name == foreign.entity) {
                        assert!(parent <= at, "{}.{field}", entity.name);
                    }
                }
            }
        }
    }
}

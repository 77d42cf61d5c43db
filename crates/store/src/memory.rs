//! The engine for `database=off`: what a declarative file said, in memory. The Admin API reads it and cannot write it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound_model::entity::Descriptor;
use keybound_model::{Configuration, Record};
use serde_json::Value;
use uuid::Uuid;

use crate::BoxFuture;
use crate::config::{Change, Check, ConfigStore, Key, Page, Query, StoreFault, Versioned};

/// A declarative configuration. It is replaced as a whole or not at all.
pub struct MemoryStore {
    held: ArcSwap<Held>,
}

#[derive(Default)]
struct Held {
    version: u64,
    configuration: Configuration,
    records: BTreeMap<&'static str, BTreeMap<Uuid, Record>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { held: ArcSwap::from_pointee(Held::default()) }
    }
}

impl MemoryStore {
    /// Puts another configuration in place of the one that is held; returns its version.
    pub fn replace(&self, records: BTreeMap<&'static str, Vec<Record>>, configuration: Configuration) -> u64 {
        let by_id = |list: Vec<Record>| {
            list.into_iter().filter_map(|record| Some((id_of(&record)?, record))).collect()
        };
        let records: BTreeMap<_, _> = records.into_iter().map(|(name, list)| (name, by_id(list))).collect();
        let before = self.held.rcu(|held| Held {
            version: held.version + 1,
            configuration: configuration.clone(),
            records: records.clone(),
        });
        before.version + 1
    }
}

impl ConfigStore for MemoryStore {
    fn database(&self) -> &'static str {
        "off"
    }

    fn writable(&self) -> bool {
        false
    }

    fn find<'a>(
        &'a self,
        entity: &'static Descriptor,
        key: &'a Key,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreFault>> {
        let held = self.held.load();
        let found = held.records.get(entity.name).and_then(|records| match key {
            Key::Id(id) => records.get(id),
            Key::Unique(field, value) => {
                records.values().find(|record| record.get(*field).and_then(Value::as_str) == Some(value))
            }
        });
        Box::pin(std::future::ready(Ok(found.cloned())))
    }

    fn list<'a>(
        &'a self,
        entity: &'static Descriptor,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Page, StoreFault>> {
        let held = self.held.load();
        let wanted = |record: &Record| {
            query.tags.as_ref().is_none_or(|tags| tags.matches(record))
                && query.parent.is_none_or(|(field, id)| reference(record, field) == Some(id))
        };
        let mut page = Page::default();
        for (id, record) in held.records.get(entity.name).into_iter().flatten() {
            if query.after.is_some_and(|after| *id <= after) || !wanted(record) {
                continue;
            }
            if page.records.len() == query.size {
                page.next = page.records.last().and_then(id_of);
                break;
            }
            page.records.push(record.clone());
        }
        Box::pin(std::future::ready(Ok(page)))
    }

    fn apply<'a>(
        &'a self,
        _changes: Vec<Change>,
        _check: Check<'a>,
    ) -> BoxFuture<'a, Result<u64, StoreFault>> {
        Box::pin(std::future::ready(Err(StoreFault::ReadOnly)))
    }

    fn load(&self) -> BoxFuture<'_, Result<Versioned, StoreFault>> {
        let held: Arc<Held> = self.held.load_full();
        let versioned = Versioned { version: held.version, configuration: held.configuration.clone() };
        Box::pin(std::future::ready(Ok(versioned)))
    }
}

pub(crate) fn id_of(record: &Record) -> Option<Uuid> {
    record.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok())
}

pub(crate) fn reference(record: &Record, field: &str) -> Option<Uuid> {
    record.get(field)?.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok())
}

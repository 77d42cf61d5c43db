//! The configuration store: what every engine does, and how it can fail.

use keybound_model::entity::Descriptor;
use keybound_model::tags::TagFilter;
use keybound_model::{Configuration, Record};
use serde_json::{Map, Value};
use tokio::sync::watch;
use uuid::Uuid;

use crate::BoxFuture;

/// A configuration and the number of the write that made it.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// Grows by one with each write.
    pub version: u64,
    /// What the data plane compiles.
    pub configuration: Configuration,
}

/// How a record is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// By id.
    Id(Uuid),
    /// By a unique field: the endpoint key (`name`, `instance_name`).
    Unique(&'static str, String),
}

/// Which records a list holds.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// How many at most.
    pub size: usize,
    /// The offset that the page before gave; `None` for the first page.
    pub after: Option<Uuid>,
    /// Only those with these tags.
    pub tags: Option<TagFilter>,
    /// Only those whose foreign field refers to this id.
    pub parent: Option<(&'static str, Uuid)>,
}

/// A page of a list, in the order of ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// The offset of the next page, when there is one.
    pub next: Option<Uuid>,
}

/// One change. Records are whole and validated: every field is there, references are `{"id": …}`.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new record.
    Insert {
        /// Its kind.
        entity: &'static Descriptor,
        /// The record.
        record: Record,
    },
    /// Another version of a record with the same id.
    Replace {
        /// Its kind.
        entity: &'static Descriptor,
        /// The record as it was read; when it has changed since, the write is [`StoreFault::Changed`].
        previous: Record,
        /// The record as it shall be.
        record: Record,
    },
    /// The end of a record, and of those that cascade from it.
    Delete {
        /// Its kind.
        entity: &'static Descriptor,
        /// Its id.
        id: Uuid,
    },
}

/// Says whether the configuration that a write leads to can serve; the text names the cause.
pub type Check<'a> = &'a (dyn Fn(&Configuration) -> Result<(), String> + Send + Sync);

/// A configuration store.
///
/// All changes of one [`ConfigStore::apply`] become visible together or not at all. Uniqueness and references hold at every
/// moment; a write that would break them is refused with the fault that names the records.
pub trait ConfigStore: Send + Sync {
    /// The value of the setting `database`: `sqlite`, `postgres`, `off`.
    fn database(&self) -> &'static str;

    /// Whether the Admin API can write.
    fn writable(&self) -> bool;

    /// One record.
    fn find<'a>(
        &'a self,
        entity: &'static Descriptor,
        key: &'a Key,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreFault>>;

    /// One page of a list.
    fn list<'a>(
        &'a self,
        entity: &'static Descriptor,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Page, StoreFault>>;

    /// Applies all changes in order, or none. `check` sees the configuration that they lead to before they are committed.
    /// Returns the new version.
    fn apply<'a>(&'a self, changes: Vec<Change>, check: Check<'a>) -> BoxFuture<'a, Result<u64, StoreFault>>;

    /// The whole configuration.
    fn load(&self) -> BoxFuture<'_, Result<Versioned, StoreFault>>;

    /// The version that is in the store, as far as this node has heard; it changes when any node writes. `None` for an engine
    /// that nobody else writes to.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// The secret that all nodes of this store share: `candidate` when there is none yet. `None` for an engine that keeps
    /// nothing.
    fn root_secret(&self, candidate: [u8; 32]) -> BoxFuture<'_, Result<Option<[u8; 32]>, StoreFault>> {
        let _ = candidate;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Lets go of everything after what is under way.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Why a store did not do what it was asked to. The Admin API turns each into Kong's error of that code.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StoreFault {
    /// A record of this id exists (code 3).
    #[error("primary key violation on key '{{id=\"{id}\"}}'")]
    PrimaryKey {
        /// The id.
        id: Uuid,
    },
    /// Another record has the same value in a unique field, or the same combination of fields (code 5).
    #[error("UNIQUE violation detected on '{}'", keybound_model::lua::inline(&Value::Object(fields.clone())))]
    Unique {
        /// The fields with their values.
        fields: Map<String, Value>,
    },
    /// A reference to a record that does not exist (code 4).
    #[error("the foreign key '{{id=\"{id}\"}}' does not reference an existing '{parent}' entity.")]
    MissingParent {
        /// The field that holds the reference.
        field: &'static str,
        /// The kind it refers to.
        parent: &'static str,
        /// The id that is not there.
        id: Uuid,
    },
    /// A record that others refer to was to be deleted (code 4).
    #[error("an existing '{referrer}' entity references this '{entity}' entity")]
    Referenced {
        /// The kind of the record.
        entity: &'static str,
        /// The kind that refers to it.
        referrer: &'static str,
    },
    /// A record that an array of another one names was to be deleted (code 19).
    #[error("{0}")]
    StillReferenced(String),
    /// The record was changed or deleted since it was read.
    #[error("the entity was changed by someone else meanwhile")]
    Changed,
    /// The engine takes no writes (code 12).
    #[error("the configuration is declarative")]
    ReadOnly,
    /// The configuration that the write leads to cannot serve.
    #[error("{0}")]
    Rejected(String),
    /// The engine cannot be reached, or does not answer in time. It may be back later.
    #[error("configuration store: out of reach: {0}")]
    Unreachable(String),
    /// Secrets are sealed with a key that is not at hand, or do not open with it; the text names the key.
    #[error("configuration store: its secrets are sealed with the key {0}")]
    Sealed(String),
    /// The engine failed.
    #[error("configuration store: {0}")]
    Engine(String),
}

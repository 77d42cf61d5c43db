//! Operations on entities, the same for every kind.

mod children;
mod commit;
mod consumers;
mod create;
mod delete;
mod expired;
mod groups;
mod key;
mod parent;
mod present;
mod protocols;
mod read;
mod references;
mod snis;
mod targets;
mod update;
mod upsert;

use keybound_model::{Descriptor, Record, ids};
use keybound_store::config::{Key, StoreFault};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use consumers::by_custom_id;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use groups::{group, groups_of, member, members};
pub(crate) use key::{Named, locate, parent};
pub(crate) use parent::parent_of;
pub(crate) use read::{list, show, show_whole};
pub(crate) use targets::{all as all_targets, health, list as list_targets, mark};
pub(crate) use update::update;
pub(crate) use upsert::upsert;

use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// How often a read and the write that follows from it are tried when somebody else writes in between.
const ATTEMPTS: usize = 8;

/// The parent under which a path names an entity: the field that refers to it, and its id.
pub(crate) type Below = (&'static str, Uuid);

/// Text inside a path or a query.
pub(crate) fn escape(text: &str) -> impl std::fmt::Display + '_ {
    const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &KEPT)
}

async fn find(state: &AdminState, entity: &'static Descriptor, key: &Key) -> Result<Option<Record>, Failure> {
    let operation = Operation { verb: "read", entity: entity.name, by: None };
    let found = state.store.find(entity, key).await;
    let found = found.map_err(|fault: StoreFault| Failure::Store(fault, operation))?;
    Ok(found.filter(|record| !entity.is_expired(record, state.seconds())))
}

/// The entity that a path names, when it is there and below the parent that the path names.
async fn find_below(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &Key,
    below: Option<Below>,
) -> Result<Option<Record>, Failure> {
    let found = find(state, entity, key).await?;
    if let (Some(record), Some((field, id))) = (&found, below)
        && reference(record, field) != Some(id)
    {
        return Err(Failure::NotFound);
    }
    Ok(found)
}

fn id_of(record: &Record) -> Option<Uuid> {
    record.get("id").and_then(Value::as_str).and_then(ids::parse)
}

fn reference(record: &Record, field: &str) -> Option<Uuid> {
    record.get(field)?.get("id").and_then(Value::as_str).and_then(ids::parse)
}

fn refer(record: &mut Record, (field, id): Below) {
    record.insert(field.to_owned(), serde_json::json!({"id": id.to_string()}));
}

/// The field that a key goes by, when it is not the id.
fn by(key: &Key) -> Option<&'static str> {
    match key {
        Key::Id(_) => None,
        Key::Unique(field, _) => Some(field),
    }
}

use keybound_model::Record;
use keybound_model::entity::Descriptor;
use serde_json::Value;
use uuid::Uuid;

use super::{Session, delete, keys, read};
use crate::config::{Change, Key, StoreFault};
use crate::memory::{id_of, reference};
use crate::seal::Sealer;

pub(super) async fn next_version(session: &mut Session) -> Result<u64, StoreFault> {
    session.execute("UPDATE version SET number = number + 1", &[]).await?;
    read::version(session).await
}

pub(super) async fn change(
    session: &mut Session,
    sealer: Option<&Sealer>,
    change: Change,
) -> Result<(), StoreFault> {
    match change {
        Change::Insert { entity, record } => {
            let id = record_id(&record)?;
            if exists(session, entity.name, id).await? {
                return Err(StoreFault::PrimaryKey { id });
            }
            put(session, sealer, entity, id, &record).await
        }
        Change::Replace { entity, previous, record } => {
            let id = record_id(&previous)?;
            if read::find(session, sealer, entity, &Key::Id(id)).await?.as_ref() != Some(&previous) {
                return Err(StoreFault::Changed);
            }
            replace(session, sealer, entity, id, &record).await
        }
        Change::Delete { entity, id } => delete::delete(session, sealer, entity, id).await,
    }
}

/// Puts a record in the place of the one that is there.
pub(super) async fn replace(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    id: Uuid,
    record: &Record,
) -> Result<(), StoreFault> {
    let own_id = id.to_string();
    for sql in [
        "DELETE FROM record_keys WHERE entity = $1 AND id = $2",
        "DELETE FROM record_references WHERE entity = $1 AND id = $2",
    ] {
        session.execute(sql, &[entity.name.into(), (&own_id).into()]).await?;
    }
    put(session, sealer, entity, id, record).await
}

async fn put(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    id: Uuid,
    record: &Record,
) -> Result<(), StoreFault> {
    let own_id = id.to_string();
    let mut kept = record.clone();
    let sealed_by = match sealer {
        Some(sealer) => sealer.seal(entity, &mut kept)?,
        None => None,
    };
    let body = Value::Object(kept).to_string();
    let sql = "INSERT INTO records (entity, id, body, sealed_by) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (entity, id) DO UPDATE SET body = excluded.body, sealed_by = excluded.sealed_by";
    session.execute(sql, &[entity.name.into(), (&own_id).into(), (&body).into(), sealed_by.into()]).await?;
    for (field, foreign) in entity.foreign_keys() {
        let Some(parent) = reference(record, field) else { continue };
        if !exists(session, foreign.entity, parent).await? {
            return Err(StoreFault::MissingParent { field, parent: foreign.entity, id: parent });
        }
        let parent = parent.to_string();
        let sql = "INSERT INTO record_references (entity, id, field, parent, parent_id) \
                   VALUES ($1, $2, $3, $4, $5)";
        let values =
            [entity.name.into(), (&own_id).into(), field.into(), foreign.entity.into(), (&parent).into()];
        session.execute(sql, &values).await?;
    }
    keys::put(session, sealer, entity, id, record).await
}

async fn exists(session: &mut Session, entity: &str, id: Uuid) -> Result<bool, StoreFault> {
    let sql = "SELECT id FROM records WHERE entity = $1 AND id = $2";
    let found: Option<(String,)> = session.row(sql, &[entity.into(), (&id.to_string()).into()]).await?;
    Ok(found.is_some())
}

fn record_id(record: &Record) -> Result<Uuid, StoreFault> {
    id_of(record).ok_or_else(|| StoreFault::Engine("a record has no id".to_owned()))
}

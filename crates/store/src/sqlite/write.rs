use keybound_model::Record;
use keybound_model::entity::Descriptor;
use keybound_model::schema::OnDelete;
use serde_json::{Map, Value};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{engine, read};
use crate::config::{Change, Key, StoreFault};
use crate::memory::{id_of, reference};

/// The name under which a combination of fields stands in `record_keys`.
const COMBINED: &str = "@cache_key";

pub(super) async fn next_version(connection: &mut SqliteConnection) -> Result<u64, StoreFault> {
    sqlx::query("UPDATE version SET number = number + 1").execute(&mut *connection).await.map_err(engine)?;
    read::version(connection).await
}

pub(super) async fn change(connection: &mut SqliteConnection, change: Change) -> Result<(), StoreFault> {
    match change {
        Change::Insert { entity, record } => {
            let id = record_id(&record)?;
            if read::find(connection, entity, &Key::Id(id)).await?.is_some() {
                return Err(StoreFault::PrimaryKey { id });
            }
            put(connection, entity, id, &record).await
        }
        Change::Replace { entity, previous, record } => {
            let id = record_id(&previous)?;
            if read::find(connection, entity, &Key::Id(id)).await?.as_ref() != Some(&previous) {
                return Err(StoreFault::Changed);
            }
            for table in [
                "DELETE FROM record_keys WHERE entity = ? AND id = ?",
                "DELETE FROM record_references WHERE entity = ? AND id = ?",
            ] {
                execute(connection, sqlx::query(table).bind(entity.name).bind(id.to_string())).await?;
            }
            put(connection, entity, id, &record).await
        }
        Change::Delete { entity, id } => delete(connection, entity, id).await,
    }
}

async fn put(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    id: Uuid,
    record: &Record,
) -> Result<(), StoreFault> {
    let body = Value::Object(record.clone()).to_string();
    let upsert = sqlx::query(
        "INSERT INTO records (entity, id, body) VALUES (?, ?, ?) ON CONFLICT (entity, id) DO UPDATE SET body = excluded.body",
    );
    execute(connection, upsert.bind(entity.name).bind(id.to_string()).bind(body)).await?;
    for (field, foreign) in entity.foreign_keys() {
        let Some(parent) = reference(record, field) else { continue };
        if !exists(connection, foreign.entity, parent).await? {
            return Err(StoreFault::MissingParent { field, parent: foreign.entity, id: parent });
        }
        let insert = sqlx::query(
            "INSERT INTO record_references (entity, id, field, parent, parent_id) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(entity.name)
        .bind(id.to_string())
        .bind(field)
        .bind(foreign.entity)
        .bind(parent.to_string());
        execute(connection, insert).await?;
    }
    for field in entity.unique_fields() {
        if let Some(value) = record.get(field).and_then(Value::as_str) {
            let fields = Map::from_iter([(field.to_owned(), value.into())]);
            unique(connection, entity, id, field, value, fields).await?;
        }
    }
    if let Some(value) = entity.cache_key_of(record) {
        let fields = entity
            .cache_key
            .iter()
            .map(|field| ((*field).to_owned(), record.get(*field).cloned().unwrap_or(Value::Null)));
        unique(connection, entity, id, COMBINED, &value, fields.collect()).await?;
    }
    Ok(())
}

async fn unique(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    id: Uuid,
    field: &str,
    value: &str,
    fields: Map<String, Value>,
) -> Result<(), StoreFault> {
    let insert = sqlx::query("INSERT INTO record_keys (entity, field, value, id) VALUES (?, ?, ?, ?)")
        .bind(entity.name)
        .bind(field)
        .bind(value)
        .bind(id.to_string());
    match insert.execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
            Err(StoreFault::Unique { fields })
        }
        Err(error) => Err(engine(error)),
    }
}

/// Deletes a record and what cascades from it, children first. Nothing is deleted when one of them is still referred to.
async fn delete(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    id: Uuid,
) -> Result<(), StoreFault> {
    let mut doomed = vec![(entity, id)];
    let mut next = 0;
    while let Some((parent, parent_id)) = doomed.get(next).copied() {
        next += 1;
        for referrer in parent.referrers() {
            let children = children(connection, referrer.entity, referrer.field, parent_id).await?;
            match referrer.on_delete {
                OnDelete::Cascade => {
                    let new: Vec<_> = children.into_iter().map(|child| (referrer.entity, child)).collect();
                    for child in new {
                        if !doomed.iter().any(|(known, id)| known.name == child.0.name && *id == child.1) {
                            doomed.push(child);
                        }
                    }
                }
                OnDelete::SetNull => {
                    for child in children {
                        set_null(connection, referrer.entity, child, referrer.field).await?;
                    }
                }
                OnDelete::Restrict if children.is_empty() => {}
                OnDelete::Restrict => {
                    return Err(StoreFault::Referenced {
                        entity: parent.name,
                        referrer: referrer.entity.name,
                    });
                }
            }
        }
    }
    for (entity, id) in doomed.into_iter().rev() {
        let statement = sqlx::query("DELETE FROM records WHERE entity = ? AND id = ?");
        execute(connection, statement.bind(entity.name).bind(id.to_string())).await?;
    }
    Ok(())
}

async fn set_null(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    id: Uuid,
    field: &str,
) -> Result<(), StoreFault> {
    let Some(previous) = read::find(connection, entity, &Key::Id(id)).await? else { return Ok(()) };
    let mut record = previous.clone();
    record.insert(field.to_owned(), Value::Null);
    Box::pin(change(connection, Change::Replace { entity, previous, record })).await
}

async fn children(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    field: &str,
    parent: Uuid,
) -> Result<Vec<Uuid>, StoreFault> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM record_references WHERE entity = ? AND field = ? AND parent_id = ?",
    )
    .bind(entity.name)
    .bind(field)
    .bind(parent.to_string())
    .fetch_all(connection)
    .await
    .map_err(engine)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

async fn exists(connection: &mut SqliteConnection, entity: &str, id: Uuid) -> Result<bool, StoreFault> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM records WHERE entity = ? AND id = ?")
        .bind(entity)
        .bind(id.to_string())
        .fetch_optional(connection)
        .await
        .map_err(engine)?;
    Ok(found.is_some())
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

async fn execute(connection: &mut SqliteConnection, statement: Statement<'_>) -> Result<(), StoreFault> {
    statement.execute(connection).await.map(drop).map_err(engine)
}

fn record_id(record: &Record) -> Result<Uuid, StoreFault> {
    id_of(record).ok_or_else(|| StoreFault::Engine("a record has no id".to_owned()))
}

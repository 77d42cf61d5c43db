use keybound_model::entity::{self, Descriptor};
use keybound_model::{Configuration, Record};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::engine;
use crate::config::{Key, Page, Query, StoreFault};
use crate::memory::id_of;

/// Rows that a filtered list reads at a time.
const CHUNK: i64 = 1000;

pub(super) async fn find(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    key: &Key,
) -> Result<Option<Record>, StoreFault> {
    let body: Option<String> = match key {
        Key::Id(id) => {
            sqlx::query_scalar("SELECT body FROM records WHERE entity = ? AND id = ?")
                .bind(entity.name)
                .bind(id.to_string())
                .fetch_optional(connection)
                .await
        }
        Key::Unique(field, value) => {
            sqlx::query_scalar(
                "SELECT body FROM records JOIN record_keys USING (entity, id) \
                 WHERE entity = ? AND field = ? AND value = ?",
            )
            .bind(entity.name)
            .bind(*field)
            .bind(value)
            .fetch_optional(connection)
            .await
        }
    }
    .map_err(engine)?;
    body.as_deref().map(parse).transpose()
}

pub(super) async fn list(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    query: &Query,
) -> Result<Page, StoreFault> {
    let mut page = Page::default();
    let mut after = query.after;
    loop {
        let rows = chunk(connection, entity, query.parent, after).await?;
        let last = i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK;
        for body in rows {
            let record = parse(&body)?;
            after = id_of(&record);
            if query.tags.as_ref().is_some_and(|tags| !tags.matches(&record)) {
                continue;
            }
            if page.records.len() == query.size {
                page.next = page.records.last().and_then(id_of);
                return Ok(page);
            }
            page.records.push(record);
        }
        if last {
            return Ok(page);
        }
    }
}

async fn chunk(
    connection: &mut SqliteConnection,
    entity: &'static Descriptor,
    parent: Option<(&'static str, Uuid)>,
    after: Option<Uuid>,
) -> Result<Vec<String>, StoreFault> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    match parent {
        None => {
            sqlx::query_scalar("SELECT body FROM records WHERE entity = ? AND id > ? ORDER BY id LIMIT ?")
                .bind(entity.name)
                .bind(after)
                .bind(CHUNK)
                .fetch_all(connection)
                .await
        }
        Some((field, id)) => {
            sqlx::query_scalar(
                "SELECT body FROM records JOIN record_references USING (entity, id) \
                 WHERE entity = ? AND id > ? AND field = ? AND parent_id = ? ORDER BY id LIMIT ?",
            )
            .bind(entity.name)
            .bind(after)
            .bind(field)
            .bind(id.to_string())
            .bind(CHUNK)
            .fetch_all(connection)
            .await
        }
    }
    .map_err(engine)
}

pub(super) async fn version(connection: &mut SqliteConnection) -> Result<u64, StoreFault> {
    let number: i64 =
        sqlx::query_scalar("SELECT number FROM version").fetch_one(connection).await.map_err(engine)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

pub(super) async fn configuration(connection: &mut SqliteConnection) -> Result<Configuration, StoreFault> {
    let mut configuration = Configuration::default();
    for descriptor in entity::all() {
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM records WHERE entity = ? ORDER BY id")
            .bind(descriptor.name)
            .fetch_all(&mut *connection)
            .await
            .map_err(engine)?;
        for body in bodies {
            configuration
                .add(descriptor.name, &parse(&body)?)
                .map_err(|fault| StoreFault::Engine(format!("{}: {fault}", descriptor.name)))?;
        }
    }
    Ok(configuration)
}

pub(super) fn parse(body: &str) -> Result<Record, StoreFault> {
    serde_json::from_str(body)
        .map_err(|error| StoreFault::Engine(format!("a record cannot be read: {error}")))
}

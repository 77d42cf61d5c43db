use keybound_model::entity::{self, Descriptor};
use keybound_model::{Configuration, Record};
use uuid::Uuid;

use super::{Session, keys};
use crate::config::{Key, Page, Query, StoreFault};
use crate::memory::id_of;
use crate::seal::Sealer;

/// Rows that a filtered list reads at a time.
const CHUNK: i64 = 1000;

/// A record as it is stored: its body, and the key that its secrets are sealed with.
pub(super) type Stored = (String, Option<String>);

pub(super) async fn find(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    key: &Key,
) -> Result<Option<Record>, StoreFault> {
    let stored: Option<Stored> = match key {
        Key::Id(id) => {
            let sql = "SELECT body, sealed_by FROM records WHERE entity = $1 AND id = $2";
            session.row(sql, &[entity.name.into(), (&id.to_string()).into()]).await
        }
        Key::Unique(field, value) => {
            let value = keys::stored(sealer, entity, &[*field], field, value)?;
            let sql = "SELECT body, sealed_by FROM records JOIN record_keys USING (entity, id) \
                       WHERE entity = $1 AND field = $2 AND value = $3";
            session.row(sql, &[entity.name.into(), (*field).into(), (&value).into()]).await
        }
    }?;
    stored.map(|stored| open(sealer, entity, &stored)).transpose()
}

pub(super) async fn list(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    query: &Query,
) -> Result<Page, StoreFault> {
    let mut page = Page::default();
    let mut after = query.after;
    loop {
        let rows = chunk(session, entity, query.parent, after).await?;
        let last = i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK;
        for stored in rows {
            let record = open(sealer, entity, &stored)?;
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
    session: &mut Session,
    entity: &'static Descriptor,
    parent: Option<(&'static str, Uuid)>,
    after: Option<Uuid>,
) -> Result<Vec<Stored>, StoreFault> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    match parent {
        None => {
            let sql =
                "SELECT body, sealed_by FROM records WHERE entity = $1 AND id > $2 ORDER BY id LIMIT $3";
            session.rows(sql, &[entity.name.into(), (&after).into(), CHUNK.into()]).await
        }
        Some((field, id)) => {
            let id = id.to_string();
            let sql = "SELECT body, sealed_by FROM records JOIN record_references USING (entity, id) \
                       WHERE entity = $1 AND id > $2 AND field = $3 AND parent_id = $4 ORDER BY id LIMIT $5";
            let values = [entity.name.into(), (&after).into(), field.into(), (&id).into(), CHUNK.into()];
            session.rows(sql, &values).await
        }
    }
}

pub(super) async fn version(session: &mut Session) -> Result<u64, StoreFault> {
    let found: Option<(i64,)> = session.row("SELECT number FROM version", &[]).await?;
    Ok(found.and_then(|(number,)| u64::try_from(number).ok()).unwrap_or(0))
}

pub(super) async fn configuration(
    session: &mut Session,
    sealer: Option<&Sealer>,
) -> Result<Configuration, StoreFault> {
    let mut configuration = Configuration::default();
    let rows: Vec<(String, String, Option<String>)> =
        session.rows("SELECT entity, body, sealed_by FROM records ORDER BY entity, id", &[]).await?;
    for (name, body, sealed_by) in rows {
        // A kind that a newer version of Keybound wrote is not for this one.
        let Some(descriptor) = entity::by_name(&name) else { continue };
        let record = open(sealer, descriptor, &(body, sealed_by))?;
        configuration
            .add(descriptor.name, &record)
            .map_err(|fault| StoreFault::Engine(format!("{}: {fault}", descriptor.name)))?;
    }
    Ok(configuration)
}

/// The record that was stored, its secrets as they are.
pub(super) fn parse((body, _): &Stored) -> Result<Record, StoreFault> {
    serde_json::from_str(body)
        .map_err(|error| StoreFault::Engine(format!("a record cannot be read: {error}")))
}

/// The record that was stored, its secrets open.
pub(super) fn open(
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    stored: &Stored,
) -> Result<Record, StoreFault> {
    let mut record = parse(stored)?;
    match (&stored.1, sealer) {
        (None, _) => {}
        (Some(_), Some(sealer)) => sealer.open(entity, &mut record)?,
        (Some(key), None) => return Err(StoreFault::Sealed(format!("'{key}', and store_key is not set"))),
    }
    Ok(record)
}

//! The rows of `record_keys`: what no two records may share, in a form that any index takes.

use keybound_model::Record;
use keybound_model::entity::Descriptor;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Session;
use crate::config::StoreFault;
use crate::seal::{self, Sealer};

/// The name under which a combination of fields stands in `record_keys`.
const COMBINED: &str = "@cache_key";

/// The longest value that stands as it is: PostgreSQL's indexes bound the length of a row.
const LONGEST: usize = 512;

/// The first character of a value that does not stand as it is.
const DIGESTED: char = '\u{1}';

/// Writes the rows of a record.
pub(super) async fn put(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    id: Uuid,
    record: &Record,
) -> Result<(), StoreFault> {
    for field in entity.unique_fields() {
        if let Some(value) = record.get(field).and_then(Value::as_str) {
            let stored = stored(sealer, entity, &[field], field, value)?;
            unique(session, entity, id, field, &stored, &[field], record).await?;
        }
    }
    if let Some(value) = entity.cache_key_of(record) {
        let stored = stored(sealer, entity, entity.cache_key, COMBINED, &value)?;
        unique(session, entity, id, COMBINED, &stored, entity.cache_key, record).await?;
    }
    Ok(())
}

/// A value as it stands in `record_keys`: a keyed digest of a secret one, a digest of a long one.
pub(super) fn stored(
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    fields: &[&str],
    name: &str,
    value: &str,
) -> Result<String, StoreFault> {
    let secret = fields.iter().any(|field| entity.schema.field(field).is_some_and(|ty| ty.encrypted));
    if let Some(sealer) = sealer.filter(|_| secret) {
        return Ok(format!("{DIGESTED}k:{}", sealer.digest(entity.name, name, value)));
    }
    // PostgreSQL's texts hold no NUL.
    if value.len() > LONGEST || value.contains('\0') || value.starts_with(DIGESTED) {
        return Ok(format!("{DIGESTED}d:{}", seal::plain_digest(value)));
    }
    Ok(value.to_owned())
}

async fn unique(
    session: &mut Session,
    entity: &'static Descriptor,
    id: Uuid,
    name: &str,
    value: &str,
    fields: &[&str],
    record: &Record,
) -> Result<(), StoreFault> {
    let sql =
        "INSERT INTO record_keys (entity, field, value, id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let id = id.to_string();
    let values = [entity.name.into(), name.into(), value.into(), (&id).into()];
    if session.execute(sql, &values).await? == 1 {
        return Ok(());
    }
    let fields: Map<String, Value> = fields
        .iter()
        .map(|field| ((*field).to_owned(), record.get(*field).cloned().unwrap_or(Value::Null)))
        .collect();
    Err(StoreFault::Unique { fields })
}

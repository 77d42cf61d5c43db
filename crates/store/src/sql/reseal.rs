//! What a start does about secrets: it opens what the newest key did not seal, and seals it with that one.

use keybound_model::entity;

use super::{Engine, Purpose, Session, read, write};
use crate::config::StoreFault;
use crate::memory::id_of;
use crate::seal::{Sealer, Sealing, Secret};

/// The name under which the key of digests is kept.
const DIGEST: &str = "digest";

/// Records that are looked at at a time.
const CHUNK: i64 = 500;

/// The sealer of a database; `None` when nothing in it is sealed and nothing shall be.
pub(super) async fn prepare<E: Engine>(
    engine: &E,
    sealing: Option<Sealing>,
) -> Result<Option<Sealer>, StoreFault> {
    let mut session = engine.begin(Purpose::Write).await?;
    let sql = "SELECT value, sealed_by FROM store_secrets WHERE name = $1";
    let kept: Option<(String, String)> = session.row(sql, &[DIGEST.into()]).await?;
    let sealing = match (sealing, &kept) {
        (Some(sealing), _) => sealing,
        (None, None) => return Ok(None),
        (None, Some((_, key))) => {
            return Err(StoreFault::Sealed(format!("'{key}', and store_key is not set")));
        }
    };
    let secret = match kept {
        Some((value, key)) => Secret::Kept { value, key },
        None => Secret::New,
    };
    let sealer = Sealer::new(sealing, secret)?;
    keep_digest(&mut session, &sealer).await?;
    let resealed = records(&mut session, &sealer).await?;
    session.commit().await?;
    if resealed > 0 {
        tracing::info!(
            records = resealed,
            key = sealer.newest(),
            "secrets of the configuration store were sealed"
        );
    }
    Ok(Some(sealer))
}

async fn keep_digest(session: &mut Session, sealer: &Sealer) -> Result<(), StoreFault> {
    let sealed = sealer.sealed_digest_key()?;
    let sql = "INSERT INTO store_secrets (name, value, sealed_by) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, sealed_by = excluded.sealed_by \
               WHERE store_secrets.sealed_by <> excluded.sealed_by";
    session.execute(sql, &[DIGEST.into(), (&sealed).into(), sealer.newest().into()]).await.map(drop)
}

/// Seals what is not sealed with the newest key; answers how many records were.
async fn records(session: &mut Session, sealer: &Sealer) -> Result<usize, StoreFault> {
    let mut resealed = 0;
    for descriptor in entity::all() {
        let mut after = String::new();
        loop {
            let sql = "SELECT body, sealed_by FROM records \
                       WHERE entity = $1 AND id > $2 AND (sealed_by IS NULL OR sealed_by <> $3) \
                       ORDER BY id LIMIT $4";
            let values = [descriptor.name.into(), (&after).into(), sealer.newest().into(), CHUNK.into()];
            let rows: Vec<read::Stored> = session.rows(sql, &values).await?;
            let Some(last) = rows.last() else { break };
            after = read_id(last)?.to_string();
            for stored in &rows {
                let record = read::open(Some(sealer), descriptor, stored)?;
                let was_sealed = stored.1.is_some();
                if was_sealed || sealer.seal(descriptor, &mut record.clone())?.is_some() {
                    write::replace(session, Some(sealer), descriptor, read_id(stored)?, &record).await?;
                    resealed += 1;
                }
            }
        }
    }
    Ok(resealed)
}

/// The id, which is never sealed.
fn read_id(stored: &read::Stored) -> Result<uuid::Uuid, StoreFault> {
    id_of(&read::parse(stored)?).ok_or_else(|| StoreFault::Engine("a record has no id".to_owned()))
}

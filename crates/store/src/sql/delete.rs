use std::collections::BTreeSet;

use keybound_model::entity::Descriptor;
use keybound_model::schema::OnDelete;
use serde_json::Value;
use uuid::Uuid;

use super::{Session, read, write};
use crate::config::{Key, StoreFault};
use crate::memory::id_of;
use crate::seal::Sealer;

/// Deletes a record and what cascades from it, children first. Nothing is deleted when one of them is still referred to.
pub(super) async fn delete(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    id: Uuid,
) -> Result<(), StoreFault> {
    let mut doomed = vec![(entity, id)];
    let mut known = BTreeSet::from([(entity.name, id)]);
    let mut next = 0;
    while let Some((parent, parent_id)) = doomed.get(next).copied() {
        next += 1;
        for referrer in parent.referrers() {
            let children = children(session, referrer.entity, referrer.field, parent, parent_id).await?;
            match referrer.on_delete {
                OnDelete::Cascade => {
                    for child in children {
                        if known.insert((referrer.entity.name, child)) {
                            doomed.push((referrer.entity, child));
                        }
                    }
                }
                OnDelete::SetNull => {
                    for child in children {
                        set_null(session, sealer, referrer.entity, child, referrer.field).await?;
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
    for (entity, id) in &doomed {
        unnamed(session, entity, *id, &known).await?;
    }
    for (entity, id) in doomed.into_iter().rev() {
        let sql = "DELETE FROM records WHERE entity = $1 AND id = $2";
        session.execute(sql, &[entity.name.into(), (&id.to_string()).into()]).await?;
    }
    Ok(())
}

/// Refuses when an array of a record that stays names this one.
async fn unnamed(
    session: &mut Session,
    entity: &'static Descriptor,
    id: Uuid,
    doomed: &BTreeSet<(&str, Uuid)>,
) -> Result<(), StoreFault> {
    let id = id.to_string();
    for (referrer, field) in entity.array_referrers() {
        // The pattern finds the few records that may name it; which of them do is read from the array.
        let sql = "SELECT body, sealed_by FROM records WHERE entity = $1 AND body LIKE $2 ORDER BY id";
        let rows: Vec<read::Stored> =
            session.rows(sql, &[referrer.name.into(), (&format!("%{id}%")).into()]).await?;
        for stored in &rows {
            let record = read::parse(stored)?;
            let Some(by) = id_of(&record) else { continue };
            if Descriptor::names(&record, field, &id) && !doomed.contains(&(referrer.name, by)) {
                let text = entity.still_referenced(&id, referrer, &by.to_string());
                return Err(StoreFault::StillReferenced(text));
            }
        }
    }
    Ok(())
}

async fn set_null(
    session: &mut Session,
    sealer: Option<&Sealer>,
    entity: &'static Descriptor,
    id: Uuid,
    field: &str,
) -> Result<(), StoreFault> {
    let Some(mut record) = read::find(session, sealer, entity, &Key::Id(id)).await? else { return Ok(()) };
    record.insert(field.to_owned(), Value::Null);
    write::replace(session, sealer, entity, id, &record).await
}

async fn children(
    session: &mut Session,
    entity: &'static Descriptor,
    field: &str,
    parent: &'static Descriptor,
    parent_id: Uuid,
) -> Result<Vec<Uuid>, StoreFault> {
    let sql = "SELECT id FROM record_references \
               WHERE parent = $1 AND parent_id = $2 AND entity = $3 AND field = $4 ORDER BY id";
    let parent_id = parent_id.to_string();
    let values = [parent.name.into(), (&parent_id).into(), entity.name.into(), field.into()];
    let ids: Vec<(String,)> = session.rows(sql, &values).await?;
    Ok(ids.iter().filter_map(|(id,)| id.parse().ok()).collect())
}

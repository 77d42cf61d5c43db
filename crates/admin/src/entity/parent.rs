use keybound_model::{Descriptor, Record, ids};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::Value;
use uuid::Uuid;

use super::{
    ATTEMPTS, Named, commit, find, id_of, locate, present, refer, reference, show, snis, update, upsert,
};
use crate::answer::Answer;
use crate::body::Body;
use crate::dispatch::Verb;
use crate::endpoints::Link;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// `/E/{key}/f`: the entity that a field refers to. It can be read, changed and made there, but not deleted.
pub(crate) async fn parent_of(
    state: &AdminState,
    link: Link,
    text: &str,
    verb: Verb,
    body: &Body,
) -> Result<Answer, Failure> {
    let key = locate(state, link.child, text, None).await?.key;
    for _ in 0..ATTEMPTS {
        let child = find(state, link.child, &key).await?.ok_or(Failure::NotFound)?;
        let parent = reference(&child, link.field).map(Key::Id);
        return match (verb, parent) {
            (Verb::Get, Some(parent)) => show(state, link.parent, &parent, None).await,
            (Verb::Put, Some(key)) => {
                shown(upsert(state, link.parent, &Named { key, sni: None }, body, None).await)
            }
            (Verb::Patch, Some(parent)) => shown(update(state, link.parent, &parent, body, None).await),
            (Verb::Put, None) => match make(state, link, child, body).await {
                Err(Failure::Store(StoreFault::Changed, _)) => continue,
                made => shown(made),
            },
            (Verb::Delete | Verb::Post, Some(_)) => Err(Failure::MethodNotAllowed),
            (_, None) => Err(Failure::NotFound),
        };
    }
    let operation = Operation { verb: "create or update", entity: link.parent.name, by: None };
    Err(Failure::Store(StoreFault::Changed, operation))
}

fn shown(record: Result<Record, Failure>) -> Result<Answer, Failure> {
    record.map(|record| Answer::ok(Value::Object(record)))
}

/// Makes the parent and lets the child refer to it, in one write.
async fn make(state: &AdminState, link: Link, child: Record, body: &Body) -> Result<Record, Failure> {
    let entity: &'static Descriptor = link.parent;
    let operation = Operation { verb: "create or update", entity: entity.name, by: None };
    let id = body.text("id").and_then(ids::parse).unwrap_or_else(Uuid::new_v4);
    let existing = find(state, entity, &Key::Id(id)).await?;
    let (parent, names) = upsert::prepare(state, entity, &Key::Id(id), body, None, existing.as_ref()).await?;
    let mut linked = child.clone();
    if let Some(id) = id_of(&parent) {
        refer(&mut linked, (link.field, id));
    }
    let first = match existing {
        Some(previous) => Change::Replace { entity, previous, record: parent.clone() },
        None => Change::Insert { entity, record: parent.clone() },
    };
    let second = Change::Replace { entity: link.child, previous: child, record: linked };
    let mut changes = vec![first, second];
    if let (Some(names), Some(id)) = (names, id_of(&parent)) {
        changes.extend(snis::changes(state, id, &names).await?);
    }
    commit::commit(state, operation, changes).await?;
    present::present(state, entity, parent).await
}

//! Who is in which group of consumers: a kind of its own in the store, lists on both sides in the API.

use std::sync::LazyLock;

use http::StatusCode;
use keybound_model::entity::{CONSUMER_GROUP_CONSUMERS, CONSUMER_GROUPS, CONSUMERS, PLUGINS};
use keybound_model::{Descriptor, Record};
use keybound_store::config::{Change, Key};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Below, children, commit, find, id_of, key::locate, reference};
use crate::answer::Answer;
use crate::body::Body;
use crate::dispatch::Verb;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// One of the two sides of a membership.
#[derive(Clone, Copy)]
struct Side {
    /// The kind.
    kind: &'static LazyLock<Descriptor>,
    /// The field of a membership that refers to it.
    field: &'static str,
    /// What a body calls one of this side that it adds.
    argument: &'static str,
}

const GROUP: Side = Side { kind: &CONSUMER_GROUPS, field: "consumer_group", argument: "group" };
const CONSUMER: Side = Side { kind: &CONSUMERS, field: "consumer", argument: "consumer" };

/// `/consumer_groups/{key}/consumers`
pub(crate) async fn members(
    state: &AdminState,
    group: &str,
    verb: Verb,
    body: &Body,
) -> Result<Answer, Failure> {
    several(state, (GROUP, group), CONSUMER, verb, body).await
}

/// `/consumers/{key}/consumer_groups`
pub(crate) async fn groups_of(
    state: &AdminState,
    consumer: &str,
    verb: Verb,
    body: &Body,
) -> Result<Answer, Failure> {
    several(state, (CONSUMER, consumer), GROUP, verb, body).await
}

/// `/consumer_groups/{key}/consumers/{key}`
pub(crate) async fn member(
    state: &AdminState,
    group: &str,
    consumer: &str,
    verb: Verb,
) -> Result<Answer, Failure> {
    one(state, (GROUP, group), (CONSUMER, consumer), verb).await
}

/// `/consumers/{key}/consumer_groups/{key}`
pub(crate) async fn group(
    state: &AdminState,
    consumer: &str,
    group: &str,
    verb: Verb,
) -> Result<Answer, Failure> {
    one(state, (CONSUMER, consumer), (GROUP, group), verb).await
}

/// `GET /consumer_groups/{key}`: the group, who is in it, and its plugins.
pub(super) async fn with_members(state: &AdminState, group: Record, listed: bool) -> Result<Answer, Failure> {
    let id = id_of(&group).ok_or(Failure::NotFound)?;
    let plugins = children::every(state, &PLUGINS, Some((GROUP.field, id))).await?;
    let mut body = json!({"consumer_group": group, "plugins": plugins});
    if let (true, Value::Object(members)) = (listed, &mut body) {
        let consumers = others(state, (GROUP.field, id), CONSUMER).await?;
        members.insert("consumers".to_owned(), json!(consumers));
    }
    Ok(Answer::ok(body))
}

async fn several(
    state: &AdminState,
    (near, text): (Side, &str),
    far: Side,
    verb: Verb,
    body: &Body,
) -> Result<Answer, Failure> {
    let own = found(state, near, text).await?;
    let id = id_of(&own).ok_or(Failure::NotFound)?;
    match verb {
        Verb::Post => {
            let added = add(state, (near, id), far, body).await?;
            let answer = Record::from_iter([
                (near.field.to_owned(), Value::Object(own)),
                (far.kind.name.to_owned(), json!(added)),
            ]);
            Ok(Answer::json(StatusCode::CREATED, answer.into()))
        }
        Verb::Delete => {
            let memberships =
                children::every(state, &CONSUMER_GROUP_CONSUMERS, Some((near.field, id))).await?;
            remove(state, memberships.iter().filter_map(id_of).collect()).await
        }
        _ => {
            let listed = others(state, (near.field, id), far).await?;
            let answer = Record::from_iter([
                (far.kind.name.to_owned(), json!(&listed)),
                ("data".to_owned(), json!(listed)),
                ("next".to_owned(), Value::Null),
            ]);
            Ok(Answer::ok(answer.into()))
        }
    }
}

async fn one(
    state: &AdminState,
    (near, text): (Side, &str),
    (far, other): (Side, &str),
    verb: Verb,
) -> Result<Answer, Failure> {
    let (own, other) = (found(state, near, text).await?, found(state, far, other).await?);
    let (id, far_id) = (id_of(&own).ok_or(Failure::NotFound)?, id_of(&other).ok_or(Failure::NotFound)?);
    let memberships = children::every(state, &CONSUMER_GROUP_CONSUMERS, Some((near.field, id))).await?;
    let membership = memberships.iter().find(|record| reference(record, far.field) == Some(far_id));
    let membership = membership.and_then(id_of).ok_or(Failure::NotFound)?;
    if verb == Verb::Delete {
        return remove(state, vec![membership]).await;
    }
    let answer = Record::from_iter([
        (near.field.to_owned(), Value::Object(own)),
        (far.field.to_owned(), Value::Object(other)),
    ]);
    Ok(Answer::ok(answer.into()))
}

async fn found(state: &AdminState, side: Side, text: &str) -> Result<Record, Failure> {
    let key = locate(state, side.kind, text, None).await?.key;
    find(state, side.kind, &key).await?.ok_or(Failure::NotFound)
}

/// Who is on the other side of the memberships of one.
async fn others(state: &AdminState, below: Below, far: Side) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    for membership in children::every(state, &CONSUMER_GROUP_CONSUMERS, Some(below)).await? {
        let Some(id) = reference(&membership, far.field) else { continue };
        records.extend(find(state, far.kind, &Key::Id(id)).await?);
    }
    records.sort_by_cached_key(id_of);
    Ok(records)
}

async fn add(
    state: &AdminState,
    (near, id): (Side, Uuid),
    far: Side,
    body: &Body,
) -> Result<Vec<Record>, Failure> {
    let entity: &'static Descriptor = &CONSUMER_GROUP_CONSUMERS;
    let mut added = Vec::new();
    let mut changes = Vec::new();
    for text in body.texts(far.argument)? {
        let other = found(state, far, &text).await?;
        let reference = |id: Uuid| json!({"id": id.to_string()});
        let record = Record::from_iter([
            (near.field.to_owned(), reference(id)),
            (far.field.to_owned(), reference(id_of(&other).ok_or(Failure::NotFound)?)),
        ]);
        let record = entity.validate_insert(record, state.fresh(Uuid::new_v4()), state.catalog.as_ref())?;
        changes.push(Change::Insert { entity, record });
        added.push(other);
    }
    let operation = Operation { verb: "create", entity: entity.name, by: None };
    commit::commit(state, operation, changes).await?;
    Ok(added)
}

async fn remove(state: &AdminState, memberships: Vec<Uuid>) -> Result<Answer, Failure> {
    let entity: &'static Descriptor = &CONSUMER_GROUP_CONSUMERS;
    let operation = Operation { verb: "remove", entity: entity.name, by: None };
    let changes: Vec<Change> = memberships.into_iter().map(|id| Change::Delete { entity, id }).collect();
    if !changes.is_empty() {
        commit::commit(state, operation, changes).await?;
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

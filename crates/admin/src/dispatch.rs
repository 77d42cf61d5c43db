//! From an endpoint and a verb to the operation.

use serde_json::Value;

use crate::answer::Answer;
use crate::body::Body;
use crate::endpoints::{Endpoint, Found};
use crate::failure::Failure;
use crate::query::Arguments;
use crate::state::AdminState;
use crate::{config, entity, node};

/// What a request wants to do; a HEAD is a GET here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A request that passed the guard and was read.
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) found: Found,
    pub(crate) arguments: Arguments,
    pub(crate) body: Body,
}

/// Does what the request asks for.
pub(crate) async fn dispatch(state: &AdminState, call: &Call) -> Result<Answer, Failure> {
    let Call { verb, found, arguments, body } = call;
    match found.endpoint {
        Endpoint::Node => node::root(state).await,
        Endpoint::Status => node::status(state, arguments).await,
        Endpoint::Endpoints => Ok(Answer::ok(serde_json::json!({"data": crate::endpoints::paths()}))),
        Endpoint::EnabledPlugins => node::enabled_plugins(state),
        Endpoint::PluginConfigSchema => node::plugin_config_schema(state, found.first()),
        Endpoint::PluginSchema => node::plugin_schema(state, found.first()),
        Endpoint::EntitySchema => node::entity_schema(found.first()),
        Endpoint::Validate => node::validate(state, found.first(), body),
        Endpoint::Tags => node::tags(state, None).await,
        Endpoint::Tag => node::tags(state, Some(found.first())).await,
        Endpoint::Config => config::answer(state, *verb, arguments, body).await,
        Endpoint::List(entity) if *verb == Verb::Post => entity::create(state, entity, body, None).await,
        Endpoint::List(entity) => {
            entity::list(state, entity, arguments, None, &format!("/{}", entity.name)).await
        }
        Endpoint::NestedList(link) => {
            let key = found.first();
            let parent = entity::parent(state, link, key).await?;
            if *verb == Verb::Post {
                return entity::create(state, link.child, body, Some(parent)).await;
            }
            let path = format!("/{}/{}/{}", link.parent.name, entity::escape(key), link.child.name);
            entity::list(state, link.child, arguments, Some(parent), &path).await
        }
        Endpoint::One(entity) => one(state, entity, found.first(), *verb, body, None).await,
        Endpoint::NestedOne(link) => {
            let parent = entity::parent(state, link, found.first()).await?;
            one(state, link.child, found.second(), *verb, body, Some(parent)).await
        }
        Endpoint::Parent(link) => entity::parent_of(state, link, found.first(), *verb, body).await,
    }
}

async fn one(
    state: &AdminState,
    entity: &'static keybound_model::Descriptor,
    key: &str,
    verb: Verb,
    body: &Body,
    parent: Option<entity::Below>,
) -> Result<Answer, Failure> {
    let key = entity::key(entity, key)?;
    match verb {
        Verb::Get => entity::show(state, entity, &key, parent).await,
        Verb::Put => {
            let record = entity::upsert(state, entity, &key, body, parent).await?;
            Ok(Answer::ok(Value::Object(record)))
        }
        Verb::Patch => {
            let record = entity::update(state, entity, &key, body, parent).await?;
            Ok(Answer::ok(Value::Object(record)))
        }
        Verb::Delete => entity::delete(state, entity, &key, parent).await,
        Verb::Post => Err(Failure::MethodNotAllowed),
    }
}

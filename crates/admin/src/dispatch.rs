//! From an endpoint and a verb to the operation.

use keybound_model::Descriptor;
use keybound_model::entity::TARGETS;
use serde_json::Value;

use crate::answer::Answer;
use crate::body::Body;
use crate::endpoints::{Endpoint, Found, Link};
use crate::failure::Failure;
use crate::node::Draining;
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
pub(crate) async fn dispatch(
    state: &AdminState,
    draining: &Draining,
    call: &Call,
) -> Result<Answer, Failure> {
    let Call { verb, found, arguments, body } = call;
    match found.endpoint {
        Endpoint::Node => node::root(state).await,
        Endpoint::Status => node::status(state, arguments).await,
        Endpoint::Ready => node::ready(state, draining, *verb, arguments, body).await,
        Endpoint::StatusDns => Err(Failure::NoDnsStatistics),
        Endpoint::Metrics => node::metrics(state).await,
        Endpoint::Memory => node::inside(state, |inside| inside.memory()).await,
        Endpoint::Tasks => node::inside(state, |inside| inside.tasks()).await,
        Endpoint::Endpoints => {
            Ok(Answer::ok(serde_json::json!({"data": crate::endpoints::paths(state.router_flavor)})))
        }
        Endpoint::Timers => Ok(node::timers()),
        Endpoint::Cache | Endpoint::CacheKey => node::cache(*verb),
        Endpoint::Clustering => Err(Failure::NotControlPlane),
        Endpoint::LogLevel => node::log_level(state),
        Endpoint::SetLogLevel => node::set_log_level(state, found.first(), arguments, body),
        Endpoint::Issuers => node::issuers(state, *verb),
        Endpoint::Issuer => node::issuer(state, found.first(), *verb),
        Endpoint::Jwks => node::jwks(state, *verb).await,
        Endpoint::EnabledPlugins => node::enabled_plugins(state),
        Endpoint::PluginConfigSchema => node::plugin_config_schema(state, found.first()),
        Endpoint::PluginSchema => node::plugin_schema(state, found.first()),
        Endpoint::EntitySchema => node::entity_schema(state, found.first()),
        Endpoint::Validate => node::validate(state, found.first(), body),
        Endpoint::Tags => node::tags(state, None, arguments).await,
        Endpoint::Tag => node::tags(state, Some(found.first()), arguments).await,
        Endpoint::Config => config::answer(state, *verb, arguments, body).await,
        _ => entities(state, call).await,
    }
}

async fn entities(state: &AdminState, call: &Call) -> Result<Answer, Failure> {
    let Call { verb, found, arguments, body } = call;
    match found.endpoint {
        Endpoint::UpstreamHealth(link) => {
            let upstream = entity::parent(state, link, found.first()).await?;
            entity::health(state, link, arguments, upstream, found.first()).await
        }
        Endpoint::AllTargets(link) => {
            let upstream = entity::parent(state, link, found.first()).await?;
            entity::all_targets(state, link, upstream).await
        }
        Endpoint::Mark(link, healthy) => {
            let upstream = entity::parent(state, link, found.first()).await?;
            entity::mark(state, link, upstream, found.second(), found.third(), healthy).await
        }
        Endpoint::Members => entity::members(state, found.first(), *verb, body).await,
        Endpoint::Member => entity::member(state, found.first(), found.second(), *verb).await,
        Endpoint::Groups => entity::groups_of(state, found.first(), *verb, body).await,
        Endpoint::Group => entity::group(state, found.first(), found.second(), *verb).await,
        Endpoint::List(entity) if *verb == Verb::Post => entity::create(state, entity, body, None).await,
        Endpoint::List(entity) => list(state, entity, arguments).await,
        Endpoint::NestedList(link) => nested_list(state, link, call).await,
        Endpoint::One(entity) => one(state, entity, found.first(), call, None).await,
        Endpoint::NestedOne(link) => {
            let parent = entity::parent(state, link, found.first()).await?;
            one(state, link.child, found.second(), call, Some(parent)).await
        }
        Endpoint::Parent(link) => entity::parent_of(state, link, found.first(), *verb, body).await,
        _ => Err(Failure::NotFound),
    }
}

async fn list(
    state: &AdminState,
    entity: &'static Descriptor,
    arguments: &Arguments,
) -> Result<Answer, Failure> {
    if let Some(answer) = entity::by_custom_id(state, entity, arguments).await? {
        return Ok(answer);
    }
    let path = format!("/{}", entity.top_path.unwrap_or(entity.name));
    entity::list(state, entity, arguments, None, &path).await
}

async fn nested_list(state: &AdminState, link: Link, call: &Call) -> Result<Answer, Failure> {
    let key = call.found.first();
    let parent = entity::parent(state, link, key).await?;
    if call.verb == Verb::Post {
        return entity::create(state, link.child, &call.body, Some(parent)).await;
    }
    if link.child.name == TARGETS.name {
        return entity::list_targets(state, link, &call.arguments, parent, key).await;
    }
    let upper = link.parent.top_path.unwrap_or(link.parent.name);
    let lower = link.child.nested_path.unwrap_or(link.child.name);
    let path = format!("/{upper}/{}/{lower}", entity::escape(key));
    entity::list(state, link.child, &call.arguments, Some(parent), &path).await
}

async fn one(
    state: &AdminState,
    entity: &'static Descriptor,
    key: &str,
    call: &Call,
    parent: Option<entity::Below>,
) -> Result<Answer, Failure> {
    let named = entity::locate(state, entity, key, parent).await?;
    if named.sni.is_some() && call.verb != Verb::Put {
        return Err(Failure::UnknownSni);
    }
    match call.verb {
        Verb::Get if parent.is_none() => entity::show_whole(state, entity, &named.key, &call.arguments).await,
        Verb::Get => entity::show(state, entity, &named.key, parent).await,
        Verb::Put => {
            let record = entity::upsert(state, entity, &named, &call.body, parent).await?;
            Ok(Answer::ok(Value::Object(record)))
        }
        Verb::Patch => {
            let record = entity::update(state, entity, &named.key, &call.body, parent).await?;
            Ok(Answer::ok(Value::Object(record)))
        }
        Verb::Delete => entity::delete(state, entity, &named.key, parent).await,
        Verb::Post => Err(Failure::MethodNotAllowed),
    }
}

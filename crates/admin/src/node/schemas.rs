use keybound_model::PluginDescription;
use keybound_model::entity::{CERTIFICATES, plugin_schema_json, take_snis};
use keybound_model::schema::{Auto, OnDelete, Schema, array, foreign, integer, number, record, string};
use serde_json::json;
use uuid::Uuid;

use crate::answer::Answer;
use crate::body::Body;
use crate::failure::Failure;
use crate::state::AdminState;

/// `GET /schemas/{entity}`
pub(crate) fn entity_schema(state: &AdminState, name: &str) -> Result<Answer, Failure> {
    if name == GROUP_PLUGINS {
        return Ok(Answer::ok(group_plugins().to_json()));
    }
    let entity = state.entity(name).ok_or_else(|| Failure::NoSuch("entity", name.to_owned()))?;
    Ok(Answer::ok(entity.schema.to_json()))
}

/// A kind of which Kong's clients ask the schema and nothing else: the older form of rate limits for groups of consumers.
const GROUP_PLUGINS: &str = "consumer_group_plugins";

fn group_plugins() -> Schema {
    let config = [
        ("window_size", array(number()).required()),
        ("window_type", string().one_of(["fixed", "sliding"]).default("sliding")),
        ("limit", array(number()).required()),
        ("retry_after_jitter_max", number().default(0)),
    ];
    Schema::new([
        ("id", string().uuid().auto(Auto::Id)),
        ("created_at", integer().auto(Auto::CreatedAt)),
        ("updated_at", integer().auto(Auto::UpdatedAt)),
        ("consumer_group", foreign("consumer_groups").required().on_delete(OnDelete::Cascade)),
        ("name", string().required()),
        ("config", record(config).required()),
    ])
}

/// `GET /schemas/plugins/{name}`
pub(crate) fn plugin_schema(state: &AdminState, name: &str) -> Result<Answer, Failure> {
    Ok(Answer::ok(plugin_schema_json(plugin(state, name)?)))
}

/// `GET /plugins/schema/{name}`: only `config`.
pub(crate) fn plugin_config_schema(state: &AdminState, name: &str) -> Result<Answer, Failure> {
    Ok(Answer::ok(plugin(state, name)?.config.to_json()))
}

fn plugin<'a>(state: &'a AdminState, name: &str) -> Result<&'a PluginDescription, Failure> {
    state.catalog.plugin(name).ok_or_else(|| Failure::NoSuch("plugin", name.to_owned()))
}

/// `POST /schemas/{entity}/validate`: whether an entity could be made of the body. That its references exist is not
/// checked.
pub(crate) fn validate(state: &AdminState, name: &str, body: &Body) -> Result<Answer, Failure> {
    let entity = state.entity(name).ok_or_else(|| Failure::NoSuch("entity", name.to_owned()))?;
    let catalog = state.catalog.as_ref();
    let mut record = body.record(entity, None, catalog)?;
    if entity.name == CERTIFICATES.name {
        take_snis(&mut record)?;
    }
    entity.validate_insert(record, state.fresh(Uuid::new_v4()), catalog)?;
    Ok(Answer::ok(json!({"message": "schema validation successful"})))
}

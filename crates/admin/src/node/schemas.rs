use keybound_model::entity::{by_name, plugin_schema_json};
use keybound_model::{Fresh, PluginDescription};
use serde_json::json;
use uuid::Uuid;

use crate::answer::Answer;
use crate::body::Body;
use crate::failure::Failure;
use crate::state::AdminState;

/// `GET /schemas/{entity}`
pub(crate) fn entity_schema(name: &str) -> Result<Answer, Failure> {
    let entity = by_name(name).ok_or_else(|| Failure::NoSuch("entity", name.to_owned()))?;
    Ok(Answer::ok(entity.schema.to_json()))
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
    let entity = by_name(name).ok_or_else(|| Failure::NoSuch("entity", name.to_owned()))?;
    let catalog = state.catalog.as_ref();
    let fresh = Fresh::new(Uuid::new_v4(), state.seconds());
    entity.validate_insert(body.record(entity, None, catalog)?, fresh, catalog)?;
    Ok(Answer::ok(json!({"message": "schema validation successful"})))
}

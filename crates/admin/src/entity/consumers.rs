use keybound_model::Descriptor;
use keybound_model::entity::CONSUMERS;
use keybound_store::config::Key;
use serde_json::json;

use super::find;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::query::Arguments;
use crate::state::AdminState;

/// `GET /consumers?custom_id=x`: the one that another system knows by this id; `None` when it is not asked for.
pub(crate) async fn by_custom_id(
    state: &AdminState,
    entity: &'static Descriptor,
    arguments: &Arguments,
) -> Result<Option<Answer>, Failure> {
    let wanted = arguments.text("custom_id").filter(|_| entity.name == CONSUMERS.name);
    let Some(custom_id) = wanted else { return Ok(None) };
    if custom_id.is_empty() {
        return Err(Failure::CustomId);
    }
    let found = find(state, entity, &Key::Unique("custom_id", custom_id.to_owned())).await?;
    let data: Vec<_> = found.into_iter().collect();
    Ok(Some(Answer::ok(json!({"data": data, "next": null}))))
}

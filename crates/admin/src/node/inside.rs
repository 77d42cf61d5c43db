use serde_json::Value;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::ports::Inside;
use crate::state::AdminState;

/// `GET /debug/memory`, `GET /debug/tasks`
pub(crate) fn inside(state: &AdminState, look: impl FnOnce(&dyn Inside) -> Value) -> Result<Answer, Failure> {
    let inside = state.inside.as_deref().ok_or(Failure::NotFound)?;
    Ok(Answer::ok(look(inside)))
}

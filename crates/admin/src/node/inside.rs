use serde_json::Value;

use super::aside::aside;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::ports::Inside;
use crate::state::AdminState;

/// `GET /debug/memory`, `GET /debug/tasks`
pub(crate) async fn inside(
    state: &AdminState,
    look: impl FnOnce(&dyn Inside) -> Value + Send + 'static,
) -> Result<Answer, Failure> {
    let inside = state.inside.clone().ok_or(Failure::NotFound)?;
    Ok(Answer::ok(aside(move || look(&*inside)).await))
}

use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use keybound_model::entity::SERVICES;
use keybound_store::config::Query;
use serde_json::json;

use crate::answer::Answer;
use crate::body::Body;
use crate::dispatch::Verb;
use crate::failure::Failure;
use crate::query::Arguments;
use crate::state::AdminState;

/// Whether somebody said that the node shall get no more requests.
pub(crate) type Draining = AtomicBool;

/// `GET /status/ready`: whether requests would be served. `POST` with `status=draining`: they shall not be sent any more.
pub(crate) async fn ready(
    state: &AdminState,
    draining: &Draining,
    verb: Verb,
    arguments: &Arguments,
    body: &Body,
) -> Result<Answer, Failure> {
    if verb == Verb::Post {
        return match body.text("status").or_else(|| arguments.text("status")) {
            Some("draining") => {
                draining.store(true, Ordering::Release);
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::BadRequest("the only status that can be set is draining")),
        };
    }
    if draining.load(Ordering::Acquire) {
        return Err(Failure::NotReady("draining"));
    }
    if state.publisher.serving().stopping {
        return Err(Failure::NotReady("stopping"));
    }
    match &state.declarative {
        Some(declarative) if declarative.hash().bytes().all(|digit| digit == b'0') => {
            return Err(Failure::NotReady("no configuration available (empty configuration present)"));
        }
        Some(_) => {}
        None => {
            let probe = Query { size: 1, ..Query::default() };
            let reached = state.store.list(&SERVICES, &probe).await;
            reached.map_err(|_| Failure::NotReady("failed to connect to database"))?;
        }
    }
    if state.publisher.serving().building {
        return Err(Failure::NotReady("router builds not yet complete"));
    }
    Ok(Answer::ok(json!({"message": "ready"})))
}

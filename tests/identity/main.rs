//! Who calls, as users see it: the built gateway, real sockets, plugins behind `openid-connect`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod anonymous;
mod consumers;
mod spoofing;

use keybound_suites::{Request, Stage};
use serde_json::{Value, json};

/// A stage without proof of possession, whose plugin is told this.
fn stage(config: Value) -> Stage {
    let mut whole = json!({ "proof_of_possession_dpop": "off" });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    Stage::start(whole)
}

/// `GET` of the guarded route with a token of these claims.
fn bearer(stage: &Stage, claims: Value) -> Request {
    let token = stage.provider.token(claims);
    stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}"))
}

/// Posts an entity to the Admin API, which must take it.
#[track_caller]
fn create(stage: &Stage, path: &str, entity: Value) {
    let answer = stage.gateway.admin.post(path, &entity);
    assert_eq!(answer.status, 201, "{path}: {answer:?}");
}

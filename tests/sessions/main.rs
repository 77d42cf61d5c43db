//! Sessions on the built gateway over real sockets: a cookie stands for a token, and never for its key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod binding;
mod cookies;
mod redis;

use keybound_suites::{Answer, Stage};
use serde_json::{Value, json};

/// What a guarded route with sessions is told.
pub(crate) fn sessions(more: Value) -> Value {
    let mut config =
        json!({ "auth_methods": ["bearer", "session"], "session_secret": "the secret of this suite" });
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    config
}

/// The cookies that an answer sets, as a client sends them back.
pub(crate) fn cookies(answer: &Answer) -> String {
    let pair = |line: &str| line.split(';').next().unwrap_or_default().to_owned();
    answer.all("set-cookie").into_iter().map(pair).collect::<Vec<_>>().join("; ")
}

/// A session that the stage's client begins with its bound token.
pub(crate) fn begun(stage: &Stage) -> String {
    let answer = stage.send(&stage.good());
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookies = cookies(&answer);
    assert!(cookies.starts_with("session="), "{answer:?}");
    cookies
}

/// `GET` of the guarded route with cookies and nothing else.
pub(crate) fn with(stage: &Stage, cookies: &str) -> keybound_suites::Request {
    stage.bare("GET", Stage::PATH).field("Cookie", cookies)
}

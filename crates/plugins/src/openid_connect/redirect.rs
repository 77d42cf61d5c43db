//! Redirects in place of refusals (`unauthorized_redirect_uri`, `forbidden_redirect_uri`, `unexpected_redirect_uri`), for
//! people in front of browsers.
//!
//! Never redirected: a demand for a nonce, because a client that proves its key has to read the challenge and come back;
//! gRPC, which knows no redirects; and what is the request's own fault (400) or asks for patience (429).

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use keybound_model::Record;

use super::config::strings;
use crate::contract::Refusal;

/// Where refused requests are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Redirects {
    unauthorized: Option<HeaderValue>,
    forbidden: Option<HeaderValue>,
    unexpected: Option<HeaderValue>,
}

impl Redirects {
    /// Reads a configuration that passed the schema. Of several URIs the first counts.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(record: &Record) -> Result<Self, String> {
        let first = |field: &str| {
            let uri = strings(record, field).into_iter().next();
            uri.map(|uri| HeaderValue::try_from(uri).map_err(|_| format!("{field}: bad URI"))).transpose()
        };
        Ok(Self {
            unauthorized: first("unauthorized_redirect_uri")?,
            forbidden: first("forbidden_redirect_uri")?,
            unexpected: first("unexpected_redirect_uri")?,
        })
    }

    /// Makes a redirect of a refusal, where one is configured for it. The challenge goes: it asks for what a redirect leads
    /// away from; a wait goes too, because before a redirect it would hold the browser up.
    pub(super) fn apply(&self, refusal: &mut Refusal, request: &HeaderMap) {
        let row = refusal.fault.row();
        let to = match row.status {
            StatusCode::UNAUTHORIZED if row.error != Some("use_dpop_nonce") => &self.unauthorized,
            StatusCode::FORBIDDEN => &self.forbidden,
            StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE => &self.unexpected,
            _ => &None,
        };
        let Some(to) = to.as_ref().filter(|_| !speaks_grpc(request)) else { return };
        refusal.status = Some(StatusCode::FOUND);
        refusal.headers = vec![(LOCATION, to.clone())];
    }
}

fn speaks_grpc(request: &HeaderMap) -> bool {
    let media = request.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    media.get(.."application/grpc".len()).is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
}

//! The one way out: status, body and headers of every answer.

use std::borrow::Cow;
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, CONTENT_TYPE, SERVER, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Readers of an answer to no page.
pub(crate) const ANYONE: HeaderValue = HeaderValue::from_static("*");

const LATENCY: HeaderName = HeaderName::from_static("x-kong-admin-latency");

/// An answer before it has the headers that every answer has.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Content,
}

#[derive(Debug)]
enum Content {
    None,
    Json(Value),
    Text(Cow<'static, str>),
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: HeaderMap::new(), body: Content::Json(body) }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn message(status: StatusCode, text: impl Into<String>) -> Self {
        Self::json(status, json!({"message": text.into()}))
    }

    pub(crate) fn text(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, headers: HeaderMap::new(), body: Content::Text(text.into()) }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Content::None }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// What an answer takes from its request.
pub(crate) struct Frame {
    pub(crate) started: Instant,
    /// `Server`.
    pub(crate) product: HeaderValue,
    /// Which pages may read the answer: that of the request's `Origin`, any (`*`), or none.
    pub(crate) readers: Option<HeaderValue>,
    /// Whether it was a HEAD: the headers of the GET, and no body.
    pub(crate) head: bool,
}

impl Frame {
    /// The answer as it is sent.
    pub(crate) fn close(self, answer: Answer) -> Response {
        let (kind, bytes) = match answer.body {
            Content::None => (None, Bytes::new()),
            Content::Json(value) => (Some(JSON), Bytes::from(value.to_string())),
            Content::Text(Cow::Borrowed(text)) => (Some(TEXT), Bytes::from_static(text.as_bytes())),
            Content::Text(Cow::Owned(text)) => (Some(TEXT), Bytes::from(text)),
        };
        let length = bytes.len();
        let mut response = Response::new(if self.head { Body::empty() } else { Body::from(bytes) });
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        *headers = answer.headers;
        if let Some(kind) = kind {
            headers.entry(CONTENT_TYPE).or_insert(kind);
        }
        if !matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        headers.insert(SERVER, self.product);
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        headers.insert(LATENCY, elapsed.into());
        if self.readers.as_ref() != Some(&ANYONE) {
            headers.insert(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(readers) = self.readers {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, readers);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        response
    }
}

//! The metadata of protected resources (RFC 9728): for everybody, without a token, from any origin.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE, ORIGIN,
};
use http::{HeaderValue, Method, StatusCode};
use keybound_plugins::contract::{Answer, Head};

/// Whether a request reads a document, or is the question of a browser (Fetch §4.8) whether it may.
pub(super) fn is_reading(head: &Head) -> bool {
    match head.method {
        Method::GET | Method::HEAD => true,
        Method::OPTIONS => is_preflight(head),
        _ => false,
    }
}

/// The answer to such a request.
pub(super) fn answer(head: &Head, document: Bytes) -> Answer {
    let anyone = (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if is_preflight(head) {
        return Answer {
            status: StatusCode::NO_CONTENT,
            headers: vec![
                anyone,
                (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD")),
                (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
                (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
            ],
            body: Bytes::new(),
        };
    }
    Answer {
        status: StatusCode::OK,
        headers: vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            anyone,
            // Long enough to spare a client the second look, short enough that a change of the configuration is seen.
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        ],
        body: document,
    }
}

fn is_preflight(head: &Head) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

/// An answer that a plugin gives in place of the upstream, because it is meant to: a preflight, a page for maintenance.
/// Nothing is at fault.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Its fields; `Content-Length` is set by the gateway.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }
}

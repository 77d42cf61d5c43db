//! What the fuzz targets reach: the context of a client, and what an upstream is told.

use std::time::Instant;

use http::{HeaderMap, HeaderValue};
use keybound_pop::time::UnixTime;

use super::context;
use crate::contract::Trace;

/// What a client says of the trace that its request is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The span that the request belongs to.
    pub parent: [u8; 8],
    /// Whether it is measured.
    pub sampled: bool,
    /// What others said of it.
    pub state: Option<HeaderValue>,
}

/// The context in these fields, when there is one in order.
#[must_use]
pub fn trace_context(headers: &HeaderMap) -> Option<TraceContext> {
    let context::Context { trace, parent, sampled, state } = context::extract(headers)?;
    Some(TraceContext { trace, parent, sampled, state })
}

/// What an upstream is told of the same trace, where this span asks it.
#[must_use]
pub fn trace_line(of: &TraceContext, span: [u8; 8]) -> HeaderValue {
    let mut trace = Trace::new(of.trace, 0, UnixTime::from_secs(0), Instant::now());
    trace.span = span;
    trace.sampled = of.sampled;
    context::value(&trace)
}

//! A request that is over, as spans.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use keybound_pop::time::UnixTime;

use super::encode::Message;
use crate::contract::{Attribute, LogEntry, Span, Trace};

/// The field of `ScopeSpans` that spans are in.
const SPANS: u64 = 2;
/// Kinds of spans.
const INTERNAL: u64 = 1;
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
/// The status of a span in which something went wrong.
const ERROR: u64 = 2;
/// The least status of an answer that is the server's own fault.
const SERVER_ERROR: u16 = 500;
/// nginx's status for a client that went away before its answer.
const CLIENT_GONE: u16 = 499;

/// The spans of a request: itself where that is measured, then its parts.
pub(super) fn spans(trace: &Trace, entry: &LogEntry) -> Bytes {
    let mut spans = Message::default();
    if trace.measured.request {
        spans.message(SPANS, &whole(trace, entry));
    }
    for part in &trace.parts {
        spans.message(SPANS, &one(trace, part, entry.latency));
    }
    spans.done()
}

/// A moment before another.
pub(super) fn earlier(now: UnixTime, by: Duration) -> UnixTime {
    UnixTime::from_duration(Duration::from_nanos(nanos(now)).saturating_sub(by))
}

fn whole(trace: &Trace, entry: &LogEntry) -> Message {
    let status = entry.status.map_or(CLIENT_GONE, |status| status.as_u16());
    let text = |text: &str| Attribute::from(text.to_owned());
    let (scheme, host) = trace.origin.split_once("://").unwrap_or_default();
    let mut attributes = vec![
        ("http.method", text(entry.method.as_str())),
        ("http.scheme", text(scheme)),
        ("http.host", text(host)),
        ("http.url", text(&format!("{}{}", trace.origin, entry.path))),
        ("http.status_code", Attribute::Number(status.into())),
        ("http.client_ip", text(&entry.client.to_string())),
        ("net.peer.ip", text(&entry.peer.to_string())),
        ("kong.request.id", text(&entry.request_id)),
    ];
    let scope = entry.scope.as_deref();
    for (key, part) in [
        ("kong.service", scope.and_then(|scope| scope.service.as_ref())),
        ("kong.route", scope.and_then(|scope| scope.route.as_ref())),
    ] {
        attributes.extend(part.map(|(id, name)| (key, text(name.as_ref().unwrap_or(id)))));
    }
    attributes.extend(entry.fault.map(|code| ("keybound.fault", code.into())));
    let mut span = begun(trace, &trace.span, trace.parent.as_ref());
    span.text(5, "kong");
    span.number(6, SERVER);
    times(&mut span, trace, Duration::ZERO, entry.latency);
    for (key, value) in &attributes {
        span.attribute(9, key, value);
    }
    if status >= SERVER_ERROR {
        failed(&mut span, entry.fault.unwrap_or_default());
    }
    flags(&mut span);
    span
}

fn one(trace: &Trace, part: &Span, latency: Duration) -> Message {
    let mut span = begun(trace, &part.id, Some(&part.parent));
    span.text(5, &part.name);
    span.number(6, if part.asks { CLIENT } else { INTERNAL });
    // A part that did not end was cut off with the request.
    times(&mut span, trace, part.start, part.end.unwrap_or(latency.max(part.start)));
    for (key, value) in &part.attributes {
        span.attribute(9, key, value);
    }
    if let Some(code) = part.fault {
        span.attribute(9, "keybound.fault", &Attribute::Text(Cow::Borrowed(code)));
        failed(&mut span, code);
    }
    flags(&mut span);
    span
}

fn begun(trace: &Trace, id: &[u8; 8], parent: Option<&[u8; 8]>) -> Message {
    let mut span = Message::default();
    span.bytes(1, &trace.id);
    span.bytes(2, id);
    if let Some(state) = trace.state.as_ref().and_then(|state| state.to_str().ok()) {
        span.text(3, state);
    }
    if let Some(parent) = parent {
        span.bytes(4, parent);
    }
    span
}

fn times(span: &mut Message, trace: &Trace, start: Duration, end: Duration) {
    let began = nanos(trace.began);
    let after = |time: Duration| began.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    span.fixed64(7, after(start));
    span.fixed64(8, after(end));
}

fn failed(span: &mut Message, code: &str) {
    let mut status = Message::default();
    if !code.is_empty() {
        status.text(2, code);
    }
    status.number(3, ERROR);
    span.message(15, &status);
}

/// The trace is sampled: nothing else is told.
fn flags(span: &mut Message) {
    span.fixed32(16, 1);
}

fn nanos(time: UnixTime) -> u64 {
    let seconds = u64::try_from(time.secs()).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}

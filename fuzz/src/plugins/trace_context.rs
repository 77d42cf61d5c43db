//! Any bytes as the fields of a W3C trace context.

use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_plugins::fuzzing::{TraceContext, trace_context, trace_line};

use crate::message;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What is taken is what a second reader finds; what is passed on is read as the same trace, and has a bound.
pub fn run(data: &[u8]) {
    let headers = message::fields(data);
    let found = trace_context(&headers);
    assert_eq!(found, trace_context(&headers), "the same twice");
    let lines: Vec<_> = headers.get_all(TRACEPARENT).iter().collect();
    let read = match lines[..] {
        [line] => second(line.as_bytes()),
        _ => None,
    };
    assert_eq!(found.as_ref().map(|of| (of.trace, of.parent, of.sampled)), read, "two readers agree");
    let Some(found) = found else { return };

    let line = trace_line(&found, [7; 8]);
    let text = line.to_str().expect("digits and dashes");
    assert_eq!(text.len(), 55);
    let mut passed = HeaderMap::new();
    passed.insert(TRACEPARENT, line);
    if let Some(state) = &found.state {
        bounded(state);
        passed.insert(TRACESTATE, state.clone());
    }
    let whole = TraceContext { parent: [7; 8], ..found };
    assert_eq!(trace_context(&passed), Some(whole), "what is passed on is the same trace");
}

/// `tracestate` that is passed on: one line, in order, no longer than all must take.
fn bounded(state: &HeaderValue) {
    let bytes = state.as_bytes();
    assert!(!bytes.is_empty() && bytes.len() <= 512);
    assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{state:?}");
    let text = std::str::from_utf8(bytes).expect("ASCII");
    let members: Vec<_> = text.split(',').map(str::trim).filter(|member| !member.is_empty()).collect();
    assert!((1..=32).contains(&members.len()));
    for member in members {
        let (key, value) = member.split_once('=').expect("a key and a value");
        assert!(!key.is_empty() && !value.is_empty() && !value.contains('='), "{member}");
    }
}

/// `traceparent`, read by its places rather than by its parts.
fn second(line: &[u8]) -> Option<([u8; 16], [u8; 8], bool)> {
    // What a later version has behind that may be anything.
    let text = std::str::from_utf8(line.get(..55)?).ok()?;
    let digits = |range| {
        let digits: &str = text.get::<std::ops::Range<usize>>(range)?;
        let is_lower = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_lower.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
    };
    let dashes = [2, 35, 52].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let (version, trace, parent, flags) = (digits(0..2)?, digits(3..35)?, digits(36..52)?, digits(53..55)?);
    let end = match line.get(55) {
        None => true,
        Some(byte) => version != 0 && *byte == b'-',
    };
    let fits = dashes && end && version != 0xff && trace != 0 && parent != 0;
    let parent = u64::try_from(parent).ok()?;
    fits.then(|| (trace.to_be_bytes(), parent.to_be_bytes(), flags & 1 == 1))
}

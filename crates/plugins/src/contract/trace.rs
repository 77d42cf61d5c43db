use std::borrow::Cow;
use std::time::{Duration, Instant};

use http::HeaderValue;
use keybound_pop::time::UnixTime;

use crate::environment::Instrumentations;

/// The trace of one request, as long as it is under way.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Names the trace; not all zero.
    pub id: [u8; 16],
    /// Names the span of the request as a whole; not all zero.
    pub span: [u8; 8],
    /// The client's span, where it told one.
    pub parent: Option<[u8; 8]>,
    /// What vendors pass along (`tracestate`), where the client told it.
    pub state: Option<HeaderValue>,
    /// Whether it is measured and told.
    pub sampled: bool,
    /// The URL's origin as the client sees it.
    pub origin: String,
    /// What is measured.
    pub measured: Instrumentations,
    /// When the request began.
    pub began: UnixTime,
    /// The same, by the clock that times are measured with.
    pub started: Instant,
    /// The parts that were measured, in the order in which they began.
    pub parts: Vec<Span>,
    /// The part that is under way, within which the next one begins.
    current: Option<usize>,
    seed: u64,
}

/// A part of a request.
#[derive(Debug, Clone)]
pub struct Span {
    /// What it is.
    pub name: Cow<'static, str>,
    /// Names it.
    pub id: [u8; 8],
    /// The span that it is a part of.
    pub parent: [u8; 8],
    /// Whether somebody else is asked in it.
    pub asks: bool,
    /// When it began, after the request did.
    pub start: Duration,
    /// When it ended; `None` while it is under way.
    pub end: Option<Duration>,
    /// The code of what went wrong in it.
    pub fault: Option<&'static str>,
    /// What else is to be said of it. Nothing secret.
    pub attributes: Vec<(&'static str, Attribute)>,
    within: Option<usize>,
}

/// What is said of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

/// A part that began.
#[derive(Debug)]
#[must_use = "a part ends"]
pub struct Open(usize);

impl Trace {
    /// A trace that begins. `seed` is unpredictable, and names are made of it.
    #[must_use]
    pub fn new(id: [u8; 16], seed: u64, began: UnixTime, started: Instant) -> Self {
        let mut trace = Self {
            id,
            span: [0; 8],
            parent: None,
            state: None,
            sampled: false,
            origin: String::new(),
            measured: Instrumentations::default(),
            began,
            started,
            parts: Vec::new(),
            current: None,
            seed,
        };
        trace.span = trace.name();
        trace
    }

    /// Begins a part within the one that is under way; `None` when the trace is not measured.
    pub fn open(&mut self, name: impl Into<Cow<'static, str>>, asks: bool) -> Option<Open> {
        if !self.sampled {
            return None;
        }
        let (id, start) = (self.name(), self.started.elapsed());
        let parent = self.current.and_then(|number| self.parts.get(number)).map_or(self.span, |span| span.id);
        let place = self.parts.len();
        self.parts.push(Span {
            name: name.into(),
            id,
            parent,
            asks,
            start,
            end: None,
            fault: None,
            attributes: Vec::new(),
            within: self.current,
        });
        self.current = Some(place);
        Some(Open(place))
    }

    /// Ends a part, and all that began within it and did not end.
    pub fn close(&mut self, open: &Open, fault: Option<&'static str>) -> Option<&mut Span> {
        let end = self.started.elapsed();
        let span = self.parts.get_mut(open.0)?;
        span.end = Some(end);
        span.fault = fault;
        self.current = span.within;
        Some(span)
    }

    /// Adds a part that is over already, within the one that is under way.
    pub fn add(&mut self, name: &'static str, started: Instant, took: Duration, fault: Option<&'static str>) {
        if let Some(open) = self.open(name, true) {
            let start = started.saturating_duration_since(self.started);
            if let Some(span) = self.close(&open, fault) {
                span.start = start;
                span.end = Some(start + took);
            }
        }
    }

    /// A name that no other span of this trace has: splitmix64 of the seed, which never gives the same twice.
    fn name(&mut self) -> [u8; 8] {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).max(1).to_be_bytes()
    }
}

impl From<&'static str> for Attribute {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        let mut trace = Trace::new([1; 16], 7, UnixTime::from_secs(0), Instant::now());
        trace.sampled = true;
        trace
    }

    #[test]
    fn a_part_is_within_the_one_that_was_under_way_when_it_began() {
        let mut trace = trace();
        let outer = trace.open("outer", false).unwrap();
        let inner = trace.open("inner", true).unwrap();
        trace.close(&inner, Some("fault"));
        trace.close(&outer, None);
        trace.add("after", trace.started, Duration::from_millis(1), None);
        let [outer, inner, after] = trace.parts.as_slice() else { panic!("three parts") };
        assert_eq!((outer.parent, inner.parent, after.parent), (trace.span, outer.id, trace.span));
        assert_eq!(inner.fault, Some("fault"));
        assert!(outer.end >= inner.end && inner.start >= outer.start);
    }

    #[test]
    fn nothing_is_measured_of_a_trace_that_is_not_sampled() {
        let mut trace = trace();
        trace.sampled = false;
        assert!(trace.open("part", false).is_none());
        assert!(trace.parts.is_empty());
    }
}

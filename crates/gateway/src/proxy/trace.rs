//! The upstream, as a part of the request's trace.

use keybound_plugins::contract::{Attribute, Notes, Open, Trace};

use crate::upstream::attempt::{Answered, Failure};

/// The part begins, where the trace has such parts.
pub(super) fn begin(notes: &mut Notes) -> Option<Open> {
    notes.trace.as_mut().filter(|trace| trace.measured.balancer)?.open("kong.balancer", true)
}

/// The upstream answered.
pub(super) fn answered(notes: &mut Notes, open: Option<Open>, answered: &Answered) {
    let (Some(trace), Some(open)) = (&mut notes.trace, open) else { return };
    if let Some(span) = trace.close(&open, None) {
        let address = answered.lease.key.address;
        span.attributes.push(("net.peer.ip", Attribute::from(address.ip().to_string())));
        span.attributes.push(("net.peer.port", Attribute::Number(address.port().into())));
        let status = answered.response.status().as_u16();
        span.attributes.push(("http.status_code", Attribute::Number(status.into())));
    }
}

/// No attempt brought an answer.
pub(super) fn failed(notes: &mut Notes, open: Option<Open>, failure: &Failure) {
    if let (Some(trace), Some(open)) = (&mut notes.trace, open) {
        let trace: &mut Trace = trace;
        trace.close(&open, Some(failure.fault.row().code));
    }
}

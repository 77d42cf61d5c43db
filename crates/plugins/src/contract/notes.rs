use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use keybound_pop::proof::Explanation;
use keybound_pop::thumbprint::Thumbprint;

use super::{Identity, Open, Plugin, Trace, UriCaptures};

/// What the plugins want said about a request afterwards: in its access record, and on its response.
///
/// Never a token, a proof, a nonce or a key: only codes, thumbprints and identifiers.
#[derive(Default)]
pub struct Notes {
    /// Who calls, as far as the plugins found out.
    pub identity: Identity,
    /// What the route's pattern captured of the path.
    pub uri_captures: UriCaptures,
    /// How much of the path, in the form that routes are matched against, the route's own path took.
    pub taken: Option<usize>,
    /// The code of the fault that would have refused the request, were faults of possession not only reported
    /// (`proof_of_possession_report_only`).
    pub fault: Option<&'static str>,
    /// What an operator needs to understand the fault: expected and received values that are not secret.
    pub detail: Option<String>,
    /// What of the proof explains the fault: origins and paths, the clocks' difference, the key's thumbprint.
    pub explanation: Option<Box<Explanation>>,
    /// The thumbprint of the key that the request was bound to.
    pub jkt: Option<Thumbprint>,
    /// The subject or client the token speaks for.
    pub subject: Option<String>,
    /// The client that the token was issued to.
    pub client: Option<String>,
    /// What the bearer proved to be the token's: `dpop`, `certificate`, `dpop+certificate`; `None`: nothing.
    pub binding: Option<&'static str>,
    /// Codes of what was noticed and let pass, to be counted: `proof_dropped`, `proof_replayed`.
    pub noticed: Vec<&'static str>,
    /// Fields for the response, whoever writes it; an upstream's own field of the same name is replaced.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
    /// The path that the upstream is asked for in place of the service's and the request's, unless it is `None`.
    pub upstream_path: Option<String>,
    /// `Host` for the upstream in place of what service and route say, unless it is `None`.
    pub upstream_host: Option<HeaderValue>,
    /// Fields that no response has, whoever writes it, unless a plugin sets them by `response_headers`.
    pub response_removals: Vec<HeaderName>,
    /// Fields for the response beside an upstream's own of the same name: `Vary`.
    pub response_additions: Vec<(HeaderName, HeaderValue)>,
    /// Its trace, where it is traced.
    pub trace: Option<Box<Trace>>,
    /// The plugins that were chosen for this request, where that depends on who calls.
    pub(super) chosen: Vec<Arc<dyn Plugin>>,
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes")
            .field("identity", &self.identity)
            .field("fault", &self.fault)
            .field("detail", &self.detail)
            .field("jkt", &self.jkt)
            .field("explanation", &self.explanation)
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("binding", &self.binding)
            .field("noticed", &self.noticed)
            .field("response_headers", &self.response_headers)
            .field("response_removals", &self.response_removals)
            .field("response_additions", &self.response_additions)
            .finish_non_exhaustive()
    }
}

impl Notes {
    /// Begins a part of a plugin's decision, where the request's trace has such parts.
    pub fn open(&mut self, name: &'static str) -> Option<Open> {
        self.trace.as_mut().filter(|trace| trace.measured.plugin_access)?.open(name, false)
    }

    /// Ends a part of the trace.
    pub fn close(&mut self, open: Option<Open>, fault: Option<&'static str>) {
        if let (Some(trace), Some(open)) = (&mut self.trace, open) {
            trace.close(&open, fault);
        }
    }
}

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use keybound_pop::thumbprint::Thumbprint;

use super::{Identity, Plugin, UriCaptures};

/// What the plugins want said about a request afterwards: in its access record, and on its response.
///
/// Never a token, a proof, a nonce or a key: only codes, thumbprints and identifiers.
#[derive(Default)]
pub struct Notes {
    /// Who calls, as far as the plugins found out.
    pub identity: Identity,
    /// What the route's pattern captured of the path.
    pub uri_captures: UriCaptures,
    /// The code of the fault that refused the request, or would have (`report_only`).
    pub fault: Option<&'static str>,
    /// What an operator needs to understand the fault: expected and received values that are not secret.
    pub detail: Option<String>,
    /// The thumbprint of the key that the request was bound to.
    pub jkt: Option<Thumbprint>,
    /// The subject or client the token speaks for.
    pub subject: Option<String>,
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
            .field("subject", &self.subject)
            .field("noticed", &self.noticed)
            .field("response_headers", &self.response_headers)
            .field("response_removals", &self.response_removals)
            .field("response_additions", &self.response_additions)
            .finish_non_exhaustive()
    }
}

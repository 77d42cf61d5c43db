//! One access record per request, forwarded or not, for the log and for the plugins that listen.

mod figures;
mod hearing;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use keybound_plugins::contract::{Chain, Head, Listening, Notes, Scope, Trace};
use keybound_pop::proof::Explanation;

pub(crate) use self::figures::Handshake;
pub use self::figures::{Handshakes, RuntimeFigures, WorkerFigures};
use self::hearing::Hearing;

/// The `tracing` target of access records.
pub const TARGET: &str = "access";

/// What is said of a request when its response is out, or when its client is gone.
///
/// Codes, thumbprints and identifiers only: never a field's value, a token, a proof or the query.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) started: Instant,
    pub(crate) request_id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) peer: IpAddr,
    pub(crate) client: Option<IpAddr>,
    /// `None` until the head of the response is decided: the client was gone before.
    pub(crate) status: Option<StatusCode>,
    pub(crate) bytes: u64,
    pub(crate) scope: Option<Arc<Scope>>,
    /// The code of the fault that refused it.
    pub(crate) fault: Option<&'static str>,
    /// The code of the fault that would have, were it not only reported.
    pub(crate) reported: Option<&'static str>,
    pub(crate) detail: Option<String>,
    pub(crate) explanation: Option<Box<Explanation>>,
    pub(crate) jkt: Option<String>,
    /// What the bearer proved to be the token's.
    pub(crate) binding: Option<&'static str>,
    pub(crate) subject: Option<String>,
    pub(crate) client_id: Option<String>,
    /// Milliseconds until the request was sent to the upstream, and from then to the head of its response.
    pub(crate) proxy_latency: Option<u64>,
    pub(crate) upstream_latency: Option<u64>,
    /// What plugins will hear, where any of the route listens.
    pub(crate) hearing: Option<Hearing>,
    /// What a log of requests wants beside that, and nobody else.
    pub(crate) said: Option<Box<Said>>,
}

/// What a client says of itself and of whom it asks, and who answered.
#[derive(Debug)]
pub(crate) struct Said {
    version: Version,
    authority: Option<Authority>,
    host: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    agent: Option<HeaderValue>,
    upstream: Option<SocketAddr>,
}

impl Said {
    pub(crate) fn by(parts: &Parts) -> Self {
        let field = |name| parts.headers.get(name).cloned();
        Self {
            version: parts.version,
            authority: parts.uri.authority().cloned(),
            host: field(header::HOST),
            referer: field(header::REFERER),
            agent: field(header::USER_AGENT),
            upstream: None,
        }
    }

    /// Whom the client asks, with the port it names: as it was sent, but without what never belongs there and may be a secret.
    fn host(&self) -> Option<Cow<'_, str>> {
        let authority = self.authority.as_ref().map(|authority| authority.as_str().as_bytes());
        let bytes = authority.or_else(|| self.host.as_ref().map(HeaderValue::as_bytes))?;
        let bytes = bytes.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()?;
        Some(String::from_utf8_lossy(bytes.rsplit(|byte| *byte == b'@').next()?))
    }

    fn protocol(&self) -> &'static str {
        match self.version {
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2.0",
            _ => "HTTP/1.1",
        }
    }

    /// The page that linked here, without its query, which may carry a secret.
    fn referer(&self) -> Option<Cow<'_, str>> {
        let bytes = self.referer.as_ref()?.as_bytes();
        Some(String::from_utf8_lossy(bytes.split(|byte| matches!(byte, b'?' | b'#')).next()?))
    }

    fn agent(&self) -> Option<Cow<'_, str>> {
        self.agent.as_ref().map(|agent| String::from_utf8_lossy(agent.as_bytes()))
    }
}

/// nginx's status for a client that went away before its answer.
const CLIENT_GONE: u16 = 499;

impl Record {
    /// Whether anybody listens: a record that nobody reads is not made.
    pub(crate) fn is_wanted() -> bool {
        tracing::enabled!(target: TARGET, tracing::Level::INFO)
    }

    /// The record of a request that begins: nothing is known of it but these.
    pub(crate) fn begin(
        started: Instant,
        request_id: String,
        (method, path): (Method, String),
        peer: IpAddr,
    ) -> Self {
        Self {
            started,
            request_id,
            method,
            path,
            peer,
            client: None,
            status: None,
            bytes: 0,
            scope: None,
            fault: None,
            reported: None,
            detail: None,
            explanation: None,
            jkt: None,
            binding: None,
            subject: None,
            client_id: None,
            proxy_latency: None,
            upstream_latency: None,
            hearing: None,
            said: None,
        }
    }

    /// The record of a request that only plugins want to hear of.
    pub(crate) fn of(head: &Head, started: Instant) -> Self {
        let asked = (head.method.clone(), head.path.escaped.clone());
        let peer = head.connection.peer.ip().to_canonical();
        let mut record = Self::begin(started, head.request_id.clone(), asked, peer);
        record.client = Some(head.client_ip);
        record
    }

    /// Notes what the plugins of the route want to hear of the request.
    pub(crate) fn listen(&mut self, listening: Listening, chain: &Chain, head: &Head) {
        if listening != Listening::Nothing {
            self.hearing = Some(Hearing::new(listening, chain, head));
        }
    }

    /// Notes the trace, for a client that is gone before its answer.
    pub(crate) fn traced(&mut self, trace: &Trace) {
        if let Some(hearing) = self.hearing.as_mut().filter(|_| trace.sampled) {
            hearing.trace = Some(Box::new(trace.clone()));
        }
    }

    /// Notes what the upstream is asked for.
    pub(crate) fn sent_to(&mut self, target: &impl std::fmt::Display) {
        if let Some(hearing) = &mut self.hearing {
            hearing.sent_to(target.to_string());
        }
    }

    /// Notes which target answered.
    pub(crate) fn answered_by(&mut self, address: SocketAddr) {
        if let Some(said) = &mut self.said {
            said.upstream = Some(address);
        }
        if let Some(hearing) = &mut self.hearing {
            hearing.address = Some(address);
        }
    }

    /// Takes over what the plugins want said, and the head of the answer.
    pub(crate) fn answered(&mut self, headers: &HeaderMap, from_upstream: bool, notes: &mut Notes) {
        self.reported = notes.fault;
        self.explanation = notes.explanation.take();
        self.binding = notes.binding;
        self.client_id = notes.client.take();
        self.detail = notes.detail.take().or_else(|| self.detail.take());
        self.subject = notes.subject.take();
        self.jkt = notes.jkt.map(|jkt| jkt.to_string());
        if let Some(hearing) = &mut self.hearing {
            hearing.answered(headers, from_upstream, notes);
            hearing.trace = notes.trace.take();
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let scope = self.scope.as_deref();
        let name = |part: &Option<(Arc<str>, Option<Arc<str>>)>| {
            part.as_ref().map(|(id, name)| name.as_ref().unwrap_or(id).to_string())
        };
        let explanation = self.explanation.as_deref();
        let said = self.said.as_deref();
        tracing::info!(
            target: TARGET,
            request_id = %self.request_id,
            method = %self.method,
            path = %self.path,
            status = self.status.map_or(CLIENT_GONE, |status| status.as_u16()),
            bytes = self.bytes,
            latency = millis(self.started),
            proxy_latency = self.proxy_latency,
            upstream_latency = self.upstream_latency,
            peer = %self.peer,
            client = %self.client.unwrap_or(self.peer),
            service = scope.and_then(|scope| name(&scope.service)),
            route = scope.and_then(|scope| name(&scope.route)),
            fault = self.fault,
            reported = self.reported,
            detail = self.detail,
            expected_htu = explanation.and_then(|known| known.expected_htu.as_deref()),
            received_htu = explanation.and_then(|known| known.received_htu.as_deref()),
            clock_difference = explanation.and_then(|known| known.clock_difference),
            proof_jkt = explanation.and_then(|known| known.thumbprint).map(|jkt| jkt.to_string()),
            jkt = self.jkt,
            binding = self.binding,
            subject = self.subject,
            client_id = self.client_id,
            host = said.and_then(Said::host).as_deref(),
            upstream = said.and_then(|said| said.upstream).map(tracing::field::display),
            protocol = said.map(Said::protocol),
            referer = said.and_then(Said::referer).as_deref(),
            user_agent = said.and_then(Said::agent).as_deref(),
        );
        if let Some(hearing) = self.hearing.take() {
            hearing.tell(self);
        }
    }
}

/// Whole milliseconds since an instant.
pub(crate) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use keybound_model::entity::Consumer;

use super::{Scope, Trace};

/// What a plugin wants to hear of a request that is over. More costs more, so each plugin says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listening {
    /// Nothing.
    #[default]
    Nothing,
    /// Names, numbers and times.
    Facts,
    /// The fields of request and response too ([`LogEntry::fields`]).
    Fields,
}

/// A request that is over.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// 32 hex digits that name the request.
    pub request_id: String,
    /// From its head to the end of its response.
    pub latency: Duration,
    /// The method.
    pub method: Method,
    /// The path in its normal form, without the query.
    pub path: String,
    /// The address of the peer.
    pub peer: IpAddr,
    /// The address of the client: the peer, or what trusted peers say of it.
    pub client: IpAddr,
    /// The status of the answer; `None` when the client was gone before.
    pub status: Option<StatusCode>,
    /// Whether the upstream wrote the answer.
    pub from_upstream: bool,
    /// Bytes of the request: its head, about, and its body when its length was announced.
    pub request_bytes: u64,
    /// Bytes of the response: its head, about, and what was sent of its body.
    pub response_bytes: u64,
    /// The service and the route.
    pub scope: Option<Arc<Scope>>,
    /// The consumer.
    pub consumer: Option<Arc<Consumer>>,
    /// What identified the consumer: a credential's id or name.
    pub credential: Option<String>,
    /// The code of the fault that refused it, or would have.
    pub fault: Option<&'static str>,
    /// The upstream, when the request was sent to one that answered.
    pub upstream: Option<UpstreamFacts>,
    /// The trace of the request, where it is traced.
    pub trace: Option<Box<Trace>>,
    /// What only those get who listen for [`Listening::Fields`].
    pub fields: Option<Box<Fields>>,
}

/// What is known of an upstream that answered.
#[derive(Debug, Clone)]
pub struct UpstreamFacts {
    /// The target that answered.
    pub address: SocketAddr,
    /// The path and query that it was sent.
    pub uri: String,
    /// Milliseconds until the request was sent.
    pub proxy_latency: u64,
    /// Milliseconds from then to the head of the response.
    pub latency: u64,
}

/// The fields of a request and its response. They hold secrets: whoever passes them on takes those out first.
#[derive(Clone, Default)]
pub struct Fields {
    /// The URL's origin as the client sees it: `https://a.example:8443`.
    pub origin: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// The request's fields, as they came.
    pub request: HeaderMap,
    /// The response's fields, as they went.
    pub response: HeaderMap,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields").field("origin", &self.origin).finish_non_exhaustive()
    }
}

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, Version};
use keybound_pop::htu::{Host, Scheme};

use super::Connection;

/// A request whose framing, host and path were found in order, before any plugin looks at it.
///
/// The header map is the request as it will be forwarded: a plugin that removes or sets a field here decides what
/// the upstream sees.
#[derive(Debug)]
pub struct Head {
    /// The method, byte for byte.
    pub method: Method,
    /// The protocol version the client speaks.
    pub version: Version,
    /// The one path that is routed, compared with `htu` and forwarded.
    pub path: RequestPath,
    /// The query as received, without the question mark.
    pub query: Option<String>,
    /// The fields, as they will be forwarded.
    pub headers: HeaderMap,
    /// The URL's origin as the client sees it.
    pub public: Public,
    /// The address of the client: the peer, or what trusted peers say of it.
    pub client_ip: IpAddr,
    /// The connection the request came in on.
    pub connection: Arc<Connection>,
    /// 32 hex digits that name the request in answers and logs.
    pub request_id: String,
    /// Whether the request asks for an upgrade to WebSocket.
    pub websocket: bool,
}

/// A request's path in its one normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath {
    /// Escaped normal form (RFC 3986 §6.2.2, empty segments merged): forwarded, compared with `htu`.
    pub escaped: String,
    /// The same with every triplet but those of reserved characters decoded: what routes are matched against.
    /// `None` when equal to `escaped`.
    pub decoded: Option<String>,
    /// Whether the path as received had empty segments, which the normal form merges. A proof can not be checked
    /// against such a path, because the double slash is significant in `htu`.
    pub had_empty_segments: bool,
}

impl RequestPath {
    /// The form that routes are matched against.
    #[must_use]
    pub fn matching(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.escaped)
    }
}

/// The origin of a request as the client sees it: the listener's scheme and the request's authority, or what a peer
/// in `trusted_ips` forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The host, parsed.
    pub host: Host,
    /// The port when the authority names one.
    pub port: Option<u16>,
}

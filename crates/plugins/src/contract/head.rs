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

    /// The beginning of the escaped form that the first `taken` bytes of the matching form stand for.
    #[must_use]
    pub fn escaped_prefix(&self, taken: usize) -> &str {
        let escaped = self.escaped.as_bytes();
        let end = match &self.decoded {
            None => taken,
            // An octet is either the same in both forms, or a triplet in the escaped one.
            Some(decoded) => decoded.bytes().take(taken).fold(0, |at, byte| {
                let is_triplet = byte != b'%' && escaped.get(at) == Some(&b'%');
                at + if is_triplet { 3 } else { 1 }
            }),
        };
        self.escaped.get(..end).unwrap_or(&self.escaped)
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

/// The origin as a URL begins: `https://a.example:8443`.
impl std::fmt::Display for Public {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        match self.port.filter(|port| *port != self.scheme.default_port()) {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_path_is_found_in_its_escaped_form() {
        let plain = RequestPath { escaped: "/a/b".to_owned(), decoded: None, had_empty_segments: false };
        assert_eq!((plain.escaped_prefix(2), plain.escaped_prefix(9)), ("/a", "/a/b"));
        let path = RequestPath {
            escaped: "/%C3%BC%2Fa/%7Bb".to_owned(),
            decoded: Some("/\u{fc}%2Fa/{b".to_owned()),
            had_empty_segments: false,
        };
        for (matching, escaped) in [("/", "/"), ("/\u{fc}", "/%C3%BC"), ("/\u{fc}%2Fa/{", "/%C3%BC%2Fa/%7B")]
        {
            assert_eq!(path.escaped_prefix(matching.len()), escaped);
        }
    }

    #[test]
    fn an_origin_names_its_port_unless_it_is_the_usual_one() {
        let public = |port| Public { scheme: Scheme::Https, host: Host::Name("a.example".to_owned()), port };
        assert_eq!(public(None).to_string(), "https://a.example");
        assert_eq!(public(Some(443)).to_string(), "https://a.example");
        assert_eq!(public(Some(8443)).to_string(), "https://a.example:8443");
    }
}

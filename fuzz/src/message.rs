//! A request's head out of any bytes: what hyper hands on when it has parsed one.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use keybound_plugins::contract::{Connection, Head, Public, RequestPath, TlsInfo};
use keybound_pop::htu::{Host, Scheme};

/// The fields in these lines; what is no field is left out, as hyper never hands it on.
#[must_use]
pub fn fields(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').take(128) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value[1..].trim_ascii()))
        {
            headers.append(name, value);
        }
    }
    headers
}

/// A request of a first line `METHOD TARGET [VERSION]` and of fields below it.
#[must_use]
pub fn parts(text: &[u8]) -> Option<Parts> {
    let at = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (line, rest) = text.split_at(at);
    let mut words = line.split(|byte| *byte == b' ');
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(words.next()?).ok()?;
    *request.uri_mut() = Uri::try_from(words.next()?).ok()?;
    *request.version_mut() = match words.next() {
        Some(b"2") => Version::HTTP_2,
        Some(b"1.0") => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    *request.headers_mut() = fields(rest);
    Some(request.into_parts().0)
}

/// A connection from this machine.
#[must_use]
pub fn connection(tls: bool, trusted: bool) -> Arc<Connection> {
    let address = ([127, 0, 0, 1], 8000).into();
    let tls = tls.then(|| TlsInfo { sni: None, client_chain: Arc::new([]) });
    Arc::new(Connection { peer: address, local: address, trusted, tls })
}

/// A head in order with these fields and this query, for plugins.
#[must_use]
pub fn head(headers: HeaderMap, query: Option<String>) -> Head {
    let connection = connection(false, false);
    Head {
        method: Method::GET,
        version: Version::HTTP_11,
        path: RequestPath { escaped: "/".to_owned(), decoded: None, had_empty_segments: false },
        query,
        headers,
        public: Public { scheme: Scheme::Http, host: Host::V4([127, 0, 0, 1].into()), port: None },
        client_ip: connection.peer.ip(),
        connection,
        request_id: String::new(),
        websocket: false,
    }
}

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Uri, Version};
use keybound_pop::htu::Scheme;

use super::names::{
    KEYBOUND_DEBUG, VIA_1_0, VIA_1_1, VIA_2, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PATH,
    X_FORWARDED_PORT, X_FORWARDED_PREFIX, X_FORWARDED_PROTO, X_KONG_REQUEST_ID, X_REAL_IP,
};
use crate::listen::Client;

/// What the fields for the upstream are made of, beside the request's own.
pub(crate) struct Facts<'a> {
    pub(crate) client: &'a Client,
    pub(crate) client_ip: IpAddr,
    pub(crate) scheme: Scheme,
    pub(crate) version: Version,
    pub(crate) received: &'a Uri,
    /// The stripped part of the path, when there is one worth telling.
    pub(crate) prefix: Option<&'a str>,
    /// `Host` for the upstream; `None` keeps the client's.
    pub(crate) host: Option<&'a HeaderValue>,
    pub(crate) request_id: Option<&'a HeaderValue>,
    pub(crate) takes_trailers: bool,
    pub(crate) websocket: bool,
    /// Whether the client sent `Via`, and the same for `X-Forwarded-For`.
    pub(crate) via: bool,
    pub(crate) forwarded_for: bool,
}

/// Sets the fields that tell the upstream who asked for what: `X-Forwarded-*`, `X-Real-IP`, `Via`, `Host`, the request
/// id and what concerns the connection to the upstream. Values of the client stay only where its peer is trusted.
pub(crate) fn set(headers: &mut HeaderMap, facts: &Facts<'_>) {
    forwarded(headers, facts);
    via(headers, facts);
    // Meant for this gateway alone: one behind it may trust this one more than its client.
    headers.remove(KEYBOUND_DEBUG);
    if let Some(host) = facts.host {
        headers.insert(header::HOST, host.clone());
    }
    if let Some(id) = facts.request_id {
        headers.insert(X_KONG_REQUEST_ID, id.clone());
    }
    let connection = match (facts.websocket, facts.takes_trailers) {
        (true, _) => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            "keep-alive, Upgrade"
        }
        (false, true) => {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            "keep-alive, TE"
        }
        (false, false) => "keep-alive",
    };
    headers.insert(header::CONNECTION, HeaderValue::from_static(connection));
}

fn forwarded(headers: &mut HeaderMap, facts: &Facts<'_>) {
    let client = facts.client;
    let trusted = client.connection.trusted;
    let real_ip = if facts.client_ip == client.peer_ip {
        client.peer_value.clone()
    } else {
        text_value(&facts.client_ip.to_string()).unwrap_or_else(|| client.peer_value.clone())
    };
    if facts.forwarded_for {
        append_to_list(headers, X_FORWARDED_FOR, client.peer_value.as_bytes());
    } else {
        headers.insert(X_FORWARDED_FOR, real_ip.clone());
    }
    headers.insert(X_REAL_IP, real_ip);
    let scheme = match facts.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    if !(trusted && keep_right_most(headers, &X_FORWARDED_HOST)) {
        match headers.get(header::HOST).and_then(bare_host) {
            Some(host) => headers.insert(X_FORWARDED_HOST, host),
            None => headers.remove(X_FORWARDED_HOST),
        };
    }
    if !(trusted && keep_right_most(headers, &X_FORWARDED_PORT)) {
        headers.insert(X_FORWARDED_PORT, client.port_value.clone());
    }
    if !(trusted && headers.contains_key(X_FORWARDED_PATH)) {
        match text_value(facts.received.path()) {
            Some(path) => headers.insert(X_FORWARDED_PATH, path),
            None => headers.remove(X_FORWARDED_PATH),
        };
    }
    if !(trusted && headers.contains_key(X_FORWARDED_PREFIX)) {
        match facts.prefix.and_then(text_value) {
            Some(prefix) => headers.insert(X_FORWARDED_PREFIX, prefix),
            None => headers.remove(X_FORWARDED_PREFIX),
        };
    }
}

fn via(headers: &mut HeaderMap, facts: &Facts<'_>) {
    let own = match facts.version {
        Version::HTTP_2 => VIA_2,
        Version::HTTP_10 => VIA_1_0,
        _ => VIA_1_1,
    };
    if facts.via {
        append_to_list(headers, header::VIA, own.as_bytes());
    } else {
        headers.insert(header::VIA, HeaderValue::from_static(own));
    }
}

/// Makes one line of all lines of a list field, with one more element.
fn append_to_list(headers: &mut HeaderMap, name: HeaderName, element: &[u8]) {
    let mut list = Vec::new();
    for line in headers.get_all(&name) {
        list.extend_from_slice(line.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(element);
    if let Ok(list) = HeaderValue::from_maybe_shared(bytes::Bytes::from(list)) {
        headers.insert(name, list);
    }
}

/// Leaves only the value that counted: the right-most one. Says whether there was any.
fn keep_right_most(headers: &mut HeaderMap, name: &HeaderName) -> bool {
    let mut lines = headers.get_all(name).iter();
    let (Some(line), single) = (lines.next_back(), lines.next().is_none()) else { return false };
    if single && !line.as_bytes().contains(&b',') {
        return true;
    }
    let value = line.as_bytes().rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name.clone(), value);
    }
    true
}

/// The host without its port, in lower case; the same value where nothing is to be changed.
fn bare_host(host: &HeaderValue) -> Option<HeaderValue> {
    let text = host.to_str().ok()?;
    let bare = match text.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    };
    if bare.len() == text.len() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(host.clone());
    }
    HeaderValue::from_str(&bare.to_ascii_lowercase()).ok()
}

fn text_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes()).ok()
}

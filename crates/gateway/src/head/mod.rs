//! From what was parsed to a [`Head`]: everything about framing, host and path that is not a matter of bytes.

pub(crate) mod authority;
pub(crate) mod client_ip;
pub(crate) mod fields;
pub(crate) mod forwarded;
pub(crate) mod path;
pub(crate) mod request_id;

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Uri, Version};
use keybound_plugins::contract::{Connection, Head, Public};
use keybound_plugins::fault::RequestFault;
use keybound_pop::htu::{Host, Scheme};

use self::authority::{Authority, LastHost};
use self::fields::Seen;
use crate::settings::{Limits, Trust};

/// A request in order: its head for the plugins, and what only the gateway needs of it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: Head,
    /// The request target as received, for `X-Forwarded-Path` and for forwarding an unchanged path without a copy.
    pub(crate) target: Uri,
    /// The host that routes are matched against: no port, lower case.
    pub(crate) host: Box<str>,
    /// Whether the client takes trailers.
    pub(crate) takes_trailers: bool,
    /// Whether an earlier `Via` is there to be extended, and the same for `X-Forwarded-For`.
    pub(crate) via: bool,
    pub(crate) forwarded_for: bool,
}

/// What is known of a request beside what was parsed.
pub(crate) struct Arrival<'a> {
    pub(crate) connection: &'a Arc<Connection>,
    pub(crate) last_host: &'a LastHost,
    pub(crate) request_id: String,
    /// Whether its framing, or that of one before it, can be read in two ways.
    pub(crate) in_doubt: bool,
}

/// Puts a request in order, in this sequence: size of the head, method, framing, fields in disguise, request target
/// and host, `Connection` and the fields that concern one connection, path, forwarding facts, client address.
///
/// # Errors
/// The first [`RequestFault`] met; the fields are then still in `parts`.
pub(crate) fn receive(
    parts: &mut Parts,
    arrival: Arrival<'_>,
    trust: &Trust,
    limits: &Limits,
) -> Result<Received, RequestFault> {
    let connection = arrival.connection;
    let seen = Seen::of(&parts.headers);
    let target_len = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if seen.bytes + target_len > limits.max_head_bytes || parts.headers.len() > limits.max_fields {
        return Err(RequestFault::HeadTooLarge);
    }
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        return Err(RequestFault::Method);
    }
    one_framing(parts, &seen, arrival.in_doubt)?;
    seen.drop_disguised(&mut parts.headers);
    if seen.cookies > 1 && parts.version == Version::HTTP_2 {
        fields::join_cookies(&mut parts.headers);
    }

    let scheme = if connection.tls.is_some() { Scheme::Https } else { Scheme::Http };
    let (authority, host) = one_authority(parts, &seen, &arrival, scheme)?;
    let websocket = seen.upgrade && asks_for_websocket(parts);
    let takes_trailers = seen.te && lists_trailers(parts);
    if seen.connection {
        fields::drop_nominated(&mut parts.headers)?;
    }
    if seen.hop_by_hop {
        fields::drop_hop_by_hop(&mut parts.headers);
    }
    if seen.upgrade {
        parts.headers.remove(header::UPGRADE);
    }
    if seen.te {
        parts.headers.remove(header::TE);
    }
    let path = path::normal_form(match parts.uri.path() {
        "" => "/",
        path => path,
    })?;
    let direct = Public { scheme, host: authority.host, port: authority.port };
    let public = if connection.trusted && seen.forwarding {
        forwarded::public_origin(&parts.headers, direct)?
    } else {
        direct
    };
    let peer: IpAddr = connection.peer.ip().to_canonical();
    let client_ip = client_ip::client_ip(&parts.headers, peer, connection.trusted, trust);
    let head = Head {
        method: parts.method.clone(),
        version: parts.version,
        path,
        query: parts.uri.query().map(str::to_owned),
        headers: std::mem::take(&mut parts.headers),
        public,
        client_ip,
        connection: Arc::clone(connection),
        request_id: arrival.request_id,
        websocket,
    };
    let target = std::mem::take(&mut parts.uri);
    Ok(Received { head, target, host, takes_trailers, via: seen.via, forwarded_for: seen.forwarded_for })
}

/// A body's length is told by one length or by one coding named `chunked`, never by both.
fn one_framing(parts: &mut Parts, seen: &Seen, in_doubt: bool) -> Result<(), RequestFault> {
    if in_doubt || seen.lengths > 1 {
        return Err(RequestFault::Framing);
    }
    if seen.transfer_codings == 0 {
        return Ok(());
    }
    let coding = parts.headers.get(header::TRANSFER_ENCODING);
    let plain = coding.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if seen.transfer_codings > 1 || !plain || seen.lengths > 0 {
        return Err(RequestFault::Framing);
    }
    parts.headers.remove(header::TRANSFER_ENCODING);
    Ok(())
}

/// The one authority of a request; `Host` is set to it.
///
/// HTTP/2: `:authority`, with which a `host` field must agree (RFC 9113 §8.3.1). HTTP/1.1: exactly one `Host` is
/// demanded, and the authority of a target in absolute form wins over it (RFC 9112 §3.2.2). HTTP/1.0 without `Host`:
/// the address the connection came in on.
fn one_authority(
    parts: &mut Parts,
    seen: &Seen,
    arrival: &Arrival<'_>,
    scheme: Scheme,
) -> Result<(Authority, Box<str>), RequestFault> {
    if seen.hosts > 1 || (seen.hosts == 0 && parts.version == Version::HTTP_11) {
        return Err(RequestFault::Host);
    }
    let field = match parts.headers.get(header::HOST) {
        Some(value) => Some(arrival.last_host.parse(value)?),
        None => None,
    };
    let Some(target) = parts.uri.authority() else {
        if parts.uri.scheme().is_some() || !parts.uri.path().starts_with('/') {
            return Err(RequestFault::Target);
        }
        return match field {
            Some(field) => Ok((*field).clone()),
            None if parts.version < Version::HTTP_11 => {
                let local = arrival.connection.local;
                let text = HeaderValue::from_str(&local.to_string()).map_err(|_| RequestFault::Host)?;
                parts.headers.insert(header::HOST, text);
                let host = match local.ip().to_canonical() {
                    IpAddr::V4(address) => Host::V4(address),
                    IpAddr::V6(address) => Host::V6(address),
                };
                Ok(with_host(Authority { host, port: Some(local.port()) }))
            }
            None => Err(RequestFault::Host),
        };
    };
    let authority = Authority::parse(target.as_str())?;
    if parts.version == Version::HTTP_2 {
        // What `:scheme` says is not relied on: behind somebody who ends TLS it is the outside's. Another protocol it can not be.
        if !parts.uri.scheme_str().is_none_or(is_http) {
            return Err(RequestFault::Target);
        }
        if field.is_some_and(|field| !field.0.same_origin(&authority, forwarded::default_port(scheme))) {
            return Err(RequestFault::Host);
        }
    } else {
        let named = match parts.uri.scheme_str() {
            Some(text) if text.eq_ignore_ascii_case("http") => Scheme::Http,
            Some(text) if text.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(RequestFault::Target),
        };
        if named != scheme {
            return Err(RequestFault::Target);
        }
    }
    let text = HeaderValue::from_str(target.as_str()).map_err(|_| RequestFault::HostMalformed)?;
    parts.headers.insert(header::HOST, text);
    Ok(with_host(authority))
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn with_host(authority: Authority) -> (Authority, Box<str>) {
    let host = authority.routing_host();
    (authority, host)
}

/// RFC 6455 §4.1: GET in HTTP/1.1 with `Upgrade: websocket` that `Connection` nominates.
fn asks_for_websocket(parts: &Parts) -> bool {
    parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && parts
            .headers
            .get(header::UPGRADE)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && fields::connection_lists(&parts.headers, "upgrade")
}

fn lists_trailers(parts: &Parts) -> bool {
    parts.headers.get_all(header::TE).iter().any(|value| fields::lists(value.as_bytes(), "trailers"))
}

#[cfg(test)]
mod tests;

//! What the fuzz targets reach of this crate: its readers of a request's head, which nobody else calls from outside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use keybound_plugins::contract::{Connection, Head, RequestPath};
use keybound_plugins::fault::RequestFault;

use crate::head::authority::LastHost;
use crate::head::{self, Arrival};
use crate::listen::framing::FramingWatch;
use crate::listen::proxy_protocol;
use crate::settings::{Limits, Trust};

/// A request in order: its head, the host that routes are matched against, and its target as received.
///
/// # Errors
/// See [`RequestFault`].
pub fn receive(
    mut parts: Parts,
    connection: &Arc<Connection>,
    trust: &Trust,
    in_doubt: bool,
) -> Result<(Head, Box<str>, Uri), RequestFault> {
    let last_host = LastHost::default();
    let arrival = Arrival { connection, last_host: &last_host, request_id: String::new(), in_doubt };
    let received = head::receive(&mut parts, arrival, trust, &Limits::default())?;
    Ok((received.head, received.host, received.target))
}

/// The address of a client, by what a trusted peer says of it.
#[must_use]
pub fn client_ip(headers: &http::HeaderMap, peer: IpAddr, trust: &Trust) -> IpAddr {
    head::client_ip::client_ip(headers, peer, true, trust)
}

/// The one normal form of a path.
///
/// # Errors
/// See [`RequestFault`].
pub fn normal_path(raw: &str) -> Result<RequestPath, RequestFault> {
    head::path::normal_form(raw)
}

/// The target for the upstream.
#[must_use]
pub fn forward_target(
    base: &str,
    path: &RequestPath,
    strip: bool,
    taken: Option<usize>,
    query: Option<&str>,
    received: &Uri,
) -> Option<PathAndQuery> {
    crate::upstream::uri::forward_target(base, path, strip, taken, query, received)
}

/// The target for a path that a plugin chose.
#[must_use]
pub fn replaced_target(path: &str, query: Option<&str>) -> Option<PathAndQuery> {
    crate::upstream::uri::replaced_target(path, query)
}

/// What the watch over framing says of a connection's bytes, fed in pieces of `size`.
#[must_use]
pub fn framing(bytes: &[u8], size: usize) -> Framing {
    let mut watch = FramingWatch::new();
    let mut all = Framing::default();
    for piece in bytes.chunks(size.max(1)) {
        let (heads, broken) = watch.feed(piece);
        if all.before_doubt.is_none() {
            all.before_doubt = heads.before_doubt.map(|before| all.complete + before);
        }
        all.complete += heads.complete;
        all.within = heads.within;
        if broken.is_some() {
            all.broken = true;
            break;
        }
    }
    all
}

/// What was found of a connection's framing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// Heads that are complete.
    pub complete: u64,
    /// How many of them came before the first that is in doubt.
    pub before_doubt: Option<u64>,
    /// Whether the bytes end within a head.
    pub within: bool,
    /// Whether chunks or trailers are not as they must be.
    pub broken: bool,
}

/// Removes from trailers what a reader could take for a part of the head.
pub fn drop_relied_on(trailers: &mut http::HeaderMap) {
    crate::proxy::trailers::drop_relied_on(trailers);
}

/// What the bytes so far come to as a header of the PROXY protocol: `None` when they may become one, else its length and the
/// client's address.
///
/// # Errors
/// Why they are none, in words.
pub fn proxy_header(bytes: &[u8]) -> Result<Option<(usize, Option<SocketAddr>)>, String> {
    match proxy_protocol::read(bytes) {
        Ok(proxy_protocol::Verdict::More) => Ok(None),
        Ok(proxy_protocol::Verdict::Whole { length, source }) => Ok(Some((length, source))),
        Err(fault) => Err(fault.to_string()),
    }
}

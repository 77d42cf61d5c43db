//! What the fuzz targets reach of this crate: its readers of a request's head, which nobody else calls from outside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::BytesMut;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use keybound_plugins::contract::{Connection, Head, RequestPath};
use keybound_plugins::fault::RequestFault;

use crate::h1::Piece;
use crate::head::authority::LastHost;
use crate::head::{self, Arrival};
use crate::listen::http1::Decoder;
use crate::listen::http1::head::{HeadBounds, HeadReader};
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

/// What is read of a connection's bytes, fed in pieces of `size`: heads and bodies, up to what ends it.
#[must_use]
pub fn framing(bytes: &[u8], size: usize) -> Framing {
    let bounds = HeadBounds { bytes: 64 * 1024, fields: 100 };
    let (mut input, mut reader) = (BytesMut::new(), HeadReader::default());
    let mut body: Option<Decoder> = None;
    let mut all = Framing::default();
    for piece in bytes.chunks(size.max(1)) {
        input.extend_from_slice(piece);
        loop {
            let whole = match &mut body {
                Some(decoder) => match decoder.next(&mut input) {
                    Ok(Some(Piece::Data(data))) => {
                        all.content.extend_from_slice(&data);
                        decoder.is_over()
                    }
                    Ok(Some(Piece::Trailers(_) | Piece::End)) => true,
                    Ok(None) => break,
                    Err(_) => {
                        all.end = End::Broken;
                        return all;
                    }
                },
                None => match reader.read(&mut input, bounds) {
                    Ok(Some(head)) => {
                        all.heads.push(head.parts.method.to_string());
                        if head.in_doubt {
                            all.end = End::InDoubt;
                            return all;
                        }
                        body = Decoder::of(head.length);
                        continue;
                    }
                    Ok(None) => break,
                    Err(_) => {
                        all.end = End::NoHead;
                        return all;
                    }
                },
            };
            if whole {
                body = None;
            }
        }
    }
    all.end = if body.is_some() { End::WithinBody } else { End::Open };
    all
}

/// What was read of a connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// The methods of the heads that are complete.
    pub heads: Vec<String>,
    /// What was read of bodies, all together.
    pub content: Vec<u8>,
    /// Where reading ended.
    pub end: End,
}

/// Where the reading of a connection ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It goes on with a head.
    #[default]
    Open,
    /// It goes on within a body.
    WithinBody,
    /// The last of the heads has two readings.
    InDoubt,
    /// Behind the last of the heads comes something that is none.
    NoHead,
    /// The body of the last of the heads is not as it must be.
    Broken,
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

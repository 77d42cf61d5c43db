//! The head of an answer, and how its body's end is told.

use std::io::Write as _;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Extensions, StatusCode, Version};
use hyper::ext::ReasonPhrase;

use super::date::Date;
use crate::h1::write_field;
use crate::head::fields::lists;
use crate::proxy::trailers;

/// What an answer depends on of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) version: Version,
    /// Whether only the head of the answer is wanted.
    pub(super) head_only: bool,
    /// Whether another request can follow on the connection.
    pub(super) keeps: bool,
}

/// How long a body is, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// There is none.
    Nothing,
    Known(u64),
    Unknown,
}

/// How the end of the body is told.
#[derive(Debug)]
pub(super) enum Framed {
    /// There is no body, or none may be sent.
    Nothing,
    /// So many bytes are left to be sent.
    Sized(u64),
    /// In chunks, with these fields as trailers.
    Chunked(Vec<HeaderName>),
    /// By the end of the connection.
    UntilClose,
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerHead<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) extensions: &'a Extensions,
    pub(super) size: Size,
}

/// Writes a head; how its body has to be sent, and whether another request can follow.
pub(super) fn write(output: &mut Vec<u8>, head: AnswerHead<'_>, asked: Asked, date: &Date) -> (Framed, bool) {
    let AnswerHead { status, headers, size, .. } = head;
    status_line(output, head, asked.version);
    let switches = status == StatusCode::SWITCHING_PROTOCOLS;
    let modern = asked.version != Version::HTTP_10;
    let bare =
        status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let chunked = size == Size::Unknown && modern && !bare && !asked.head_only;
    let until_close = size == Size::Unknown && !modern && !bare && !asked.head_only;
    let mut keeps = asked.keeps && !until_close && !switches;
    let mut seen = Seen::default();
    for (name, value) in headers {
        match *name {
            // How long the body is, the body knows best.
            header::CONTENT_LENGTH => {
                seen.length.get_or_insert(value);
                continue;
            }
            header::TRANSFER_ENCODING => continue,
            header::CONNECTION => {
                keeps &= !lists(value.as_bytes(), "close");
                seen.connections = true;
                continue;
            }
            header::TRAILER => {
                if !chunked {
                    continue;
                }
                seen.trailers = true;
            }
            header::DATE => seen.date = true,
            _ => {}
        }
        write_field(output, name.as_str(), value.as_bytes());
    }
    connection(output, headers, seen.connections, asked, keeps || switches);
    let framed = match size {
        _ if bare => Framed::Nothing,
        Size::Unknown if asked.head_only => {
            told_length(output, seen.length);
            Framed::Nothing
        }
        Size::Unknown if chunked => {
            output.extend_from_slice(b"transfer-encoding: chunked\r\n");
            Framed::Chunked(if seen.trailers { announced(headers) } else { Vec::new() })
        }
        Size::Unknown => Framed::UntilClose,
        Size::Known(_) | Size::Nothing if asked.head_only && seen.length.is_some() => {
            told_length(output, seen.length);
            Framed::Nothing
        }
        Size::Nothing => {
            if !asked.head_only {
                output.extend_from_slice(b"content-length: 0\r\n");
            }
            Framed::Nothing
        }
        Size::Known(length) => {
            // Nothing goes wrong with memory.
            let _ = write!(output, "content-length: {length}\r\n");
            if asked.head_only { Framed::Nothing } else { Framed::Sized(length) }
        }
    };
    if !seen.date {
        write_field(output, "date", date);
    }
    output.extend_from_slice(b"\r\n");
    (framed, keeps)
}

/// What was met among the fields.
#[derive(Debug, Default)]
struct Seen<'a> {
    length: Option<&'a HeaderValue>,
    connections: bool,
    trailers: bool,
    date: bool,
}

fn status_line(output: &mut Vec<u8>, head: AnswerHead<'_>, version: Version) {
    let reason = head.extensions.get::<ReasonPhrase>();
    if version != Version::HTTP_10 && head.status == StatusCode::OK && reason.is_none() {
        return output.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    output.extend_from_slice(if version == Version::HTTP_10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    output.extend_from_slice(head.status.as_str().as_bytes());
    output.push(b' ');
    let canonical = head.status.canonical_reason().unwrap_or("<none>");
    output.extend_from_slice(reason.map_or(canonical.as_bytes(), ReasonPhrase::as_bytes));
    output.extend_from_slice(b"\r\n");
}

/// Writes what the connection's fields say, and whether the connection goes on where that does not go without saying.
fn connection(output: &mut Vec<u8>, headers: &HeaderMap, any: bool, asked: Asked, keeps: bool) {
    let says = match (asked.version == Version::HTTP_10, keeps) {
        (false, false) => Some("close"),
        (true, true) => Some("keep-alive"),
        _ => None,
    };
    if !any && says.is_none() {
        return;
    }
    output.extend_from_slice(b"connection: ");
    let start = output.len();
    let (mut said, mut first) = (says.is_none(), true);
    if any {
        for value in headers.get_all(header::CONNECTION) {
            if !std::mem::take(&mut first) {
                output.extend_from_slice(b", ");
            }
            output.extend_from_slice(value.as_bytes());
            said |= says.is_some_and(|says| lists(value.as_bytes(), says));
        }
    }
    if let Some(says) = says.filter(|_| !said) {
        if output.len() > start {
            output.extend_from_slice(b", ");
        }
        output.extend_from_slice(says.as_bytes());
    }
    output.extend_from_slice(b"\r\n");
}

/// The length that an answer without its body tells of it.
fn told_length(output: &mut Vec<u8>, value: Option<&HeaderValue>) {
    if let Some(value) = value.filter(|value| value.as_bytes().iter().all(u8::is_ascii_digit)) {
        write_field(output, "content-length", value.as_bytes());
    }
}

/// The fields that `Trailer` announces, as far as they may stand behind a body.
fn announced(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::TRAILER)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(trailers::may_follow)
        .collect()
}

/// Leaves of trailers what was announced.
pub(super) fn keep_announced(trailers: &mut HeaderMap, announced: &[HeaderName]) {
    let dropped: Vec<HeaderName> =
        trailers.keys().filter(|name| !announced.contains(name)).cloned().collect();
    for name in dropped {
        trailers.remove(name);
    }
}

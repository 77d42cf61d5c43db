//! The head of a request, written, and the head of a response, read. Without I/O.

use bytes::{Bytes, BytesMut};
use http::{Method, Response, StatusCode, Version, header, request, response};
use hyper::ext::ReasonPhrase;

use super::Failed;
use crate::h1::{MAX_FIELDS, Section, SectionReader, TooLong, fields, with_space, write_fields};
use crate::head::fields::connection_lists;

/// The most bytes of a response's head.
const LONGEST: usize = 128 * 1024;
/// The most fields of a response.
const MOST_FIELDS: usize = 1000;
/// The most interim responses before the final one.
const MOST_INTERIM: u16 = 1000;
/// Room for fields that the gateway adds to a response, so that the map need not grow for them.
const OURS: usize = 8;

/// How a response's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    /// With the connection.
    Close,
}

/// The head of a response, and what it says of what follows.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) parts: response::Parts,
    pub(super) framing: Framing,
    /// Whether another exchange may follow.
    pub(super) persists: bool,
}

/// Takes heads of responses from what a connection brings.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    section: SectionReader,
    /// Interim responses so far.
    interim: u16,
}

/// Writes the head of a request.
pub(super) fn write(output: &mut Vec<u8>, parts: &request::Parts) {
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    output.extend_from_slice(parts.method.as_str().as_bytes());
    output.push(b' ');
    output.extend_from_slice(target.as_bytes());
    output.extend_from_slice(b" HTTP/1.1\r\n");
    write_fields(output, &parts.headers);
    output.extend_from_slice(b"\r\n");
}

impl HeadReader {
    /// Takes the head of a response from what was read; `None`: that needs more. Interim ones (1xx) are passed over, except for the
    /// change of protocols.
    ///
    /// # Errors
    /// It is not one, or too long.
    pub(super) fn read(&mut self, input: &mut BytesMut, method: &Method) -> Result<Option<Answer>, Failed> {
        loop {
            match self.section.take(input, LONGEST) {
                Err(TooLong) => return Err(Failed::HeadLength),
                Ok(Section::Open) => return Ok(None),
                Ok(Section::Begun) => {
                    // What is none already need not be waited for.
                    with_parsed(input, |_| ())?;
                    return Ok(None);
                }
                Ok(Section::Whole(head, _)) => {
                    if let Some(answer) = whole(&head, method)? {
                        *self = Self::default();
                        return Ok(Some(answer));
                    }
                }
            }
            self.interim += 1;
            if self.interim > MOST_INTERIM {
                return Err(Failed::Interim);
            }
        }
    }
}

/// Parses a head, or what there is of it. Room for many fields is made only when they are there.
fn with_parsed<T>(
    head: &[u8],
    then: impl Fn(Option<httparse::Response<'_, '_>>) -> T,
) -> Result<T, httparse::Error> {
    let with_room_for = |most| {
        with_space(most, |space| {
            let mut response = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let parsed = config.parse_response_with_uninit_headers(&mut response, head, space)?;
            let whole = parsed == httparse::Status::Complete(head.len());
            Ok(then(whole.then_some(response)))
        })
    };
    match with_room_for(MAX_FIELDS) {
        Err(httparse::Error::TooManyHeaders) => with_room_for(MOST_FIELDS),
        parsed => parsed,
    }
}

/// A head that is there as a whole; `None` for an interim one.
fn whole(head: &Bytes, method: &Method) -> Result<Option<Answer>, Failed> {
    with_parsed(head, |response| {
        let response = response.ok_or(httparse::Error::NewLine)?;
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(httparse::Error::Status)?;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(None);
        }
        let mut parts = Response::new(()).into_parts().0;
        parts.status = status;
        parts.version = if response.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
        parts.headers = fields(response.headers, head, OURS).ok_or(httparse::Error::HeaderName)?;
        let reason = response.reason.filter(|reason| Some(*reason) != status.canonical_reason());
        if let Some(reason) = reason.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok()) {
            parts.extensions.insert(reason);
        }
        let framing = framing(method, &parts)?;
        let persists = framing != Framing::Close && persists(&parts);
        Ok(Some(Answer { parts, framing, persists }))
    })?
}

/// How the body ends (RFC 9112 §6.3). What has two readings is read in one of them here and refused afterwards, by
/// [`doubt`](crate::upstream::framing::doubt).
fn framing(method: &Method, parts: &response::Parts) -> Result<Framing, Failed> {
    let status = parts.status;
    let none =
        status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    if *method == Method::HEAD || none {
        return Ok(Framing::Length(0));
    }
    if let Some(coding) = parts.headers.get_all(header::TRANSFER_ENCODING).iter().next_back() {
        let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        return Ok(if chunked { Framing::Chunked } else { Framing::Close });
    }
    let Some(length) = parts.headers.get(header::CONTENT_LENGTH) else { return Ok(Framing::Close) };
    let digits = length.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Framing::Length).ok_or(Failed::Length)
}

/// Whether the upstream keeps the connection (RFC 9112 §9.3).
fn persists(parts: &response::Parts) -> bool {
    let says = |option: &str| connection_lists(&parts.headers, option);
    if parts.version == Version::HTTP_11 { !says("close") } else { says("keep-alive") && !says("close") }
}

//! From bytes to a request's head, strictly: what two readers could read differently is either no head at all, or its framing is
//! in doubt.

use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};
use http::request::Parts;
use http::{Method, Request, Uri, Version};
use httparse::{Header, ParserConfig, Status};

use crate::h1::{self, Section, SectionReader, TooLong, with_space};
use crate::head::fields::lists;

/// Takes heads of requests from what a connection brings.
#[derive(Debug, Default)]
pub(crate) struct HeadReader(SectionReader);

/// How much a head may take up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadBounds {
    pub(crate) bytes: usize,
    pub(crate) fields: usize,
}

/// A head that is complete, and what it says of the connection.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) parts: Parts,
    pub(crate) length: Length,
    /// Whether there are two readings of where the body ends.
    pub(crate) in_doubt: bool,
    /// Whether the client keeps the connection.
    pub(crate) keeps: bool,
    /// Whether the body comes only when it is asked for.
    pub(crate) expects: bool,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Nothing,
    Known(u64),
    Chunked,
}

/// Why bytes are no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    #[error("it is not the head of a request")]
    Malformed,
    #[error("it is too long, or has too many fields")]
    TooLarge,
    #[error("its target is too long")]
    TargetTooLong,
}

/// What fields say of the connection and of the body.
#[derive(Debug)]
struct Facts {
    length: Option<u64>,
    coding: bool,
    in_doubt: bool,
    closes: bool,
    keeps: bool,
    expects: bool,
}

/// The longest target that [`Uri`] can hold.
const LONGEST_TARGET: usize = u16::MAX as usize - 1;

impl HeadReader {
    /// Takes a whole head from what was read; `None`: that needs more.
    ///
    /// # Errors
    /// [`BadHead`]; what follows cannot be told from the rest of it.
    pub(crate) fn read(
        &mut self,
        input: &mut BytesMut,
        bounds: HeadBounds,
    ) -> Result<Option<RequestHead>, BadHead> {
        if self.0.is_at_start() {
            // Empty lines before a request are nothing (RFC 9112 §2.2).
            while input.starts_with(b"\r\n") {
                input.advance(2);
                self.0 = SectionReader::default();
            }
            if input.first() == Some(&b'\n') {
                return Err(BadHead::Malformed);
            }
        }
        match self.0.take(input, bounds.bytes) {
            Err(TooLong) => Err(BadHead::TooLarge),
            Ok(Section::Open) => Ok(None),
            Ok(Section::Begun) => could_become_one(input, bounds).map(|()| None),
            Ok(Section::Whole(head, bare)) => {
                let mut head = with_space(bounds.fields, |space| whole(&head, space))?;
                head.in_doubt |= bare;
                if head.in_doubt {
                    head.length = Length::Nothing;
                }
                Ok(Some(head))
            }
        }
    }
}

/// Whether what came first of a head leaves it open: what is none already need not be waited for.
fn could_become_one(input: &[u8], bounds: HeadBounds) -> Result<(), BadHead> {
    with_space(bounds.fields, |space| {
        let mut request = httparse::Request::new(&mut []);
        ParserConfig::default()
            .parse_request_with_uninit_headers(&mut request, input, space)
            .map(drop)
            .map_err(bad)
    })
}

fn bad(error: httparse::Error) -> BadHead {
    if error == httparse::Error::TooManyHeaders { BadHead::TooLarge } else { BadHead::Malformed }
}

fn whole<'a>(head: &'a Bytes, space: &mut [MaybeUninit<Header<'a>>]) -> Result<RequestHead, BadHead> {
    let mut request = httparse::Request::new(&mut []);
    let parsed =
        ParserConfig::default().parse_request_with_uninit_headers(&mut request, head, space).map_err(bad)?;
    let (Status::Complete(length), Some(method), Some(target), Some(minor)) =
        (parsed, request.method, request.path, request.version)
    else {
        return Err(BadHead::Malformed);
    };
    if length != head.len() {
        return Err(BadHead::Malformed);
    }
    if target.len() > LONGEST_TARGET {
        return Err(BadHead::TargetTooLong);
    }
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::from_bytes(method.as_bytes()).map_err(|_| BadHead::Malformed)?;
    parts.uri = Uri::from_maybe_shared(head.slice_ref(target.as_bytes())).map_err(|_| BadHead::Malformed)?;
    parts.version = if minor == 1 { Version::HTTP_11 } else { Version::HTTP_10 };
    // Beside what it has, a request gets fields that tell where it is from.
    parts.headers = h1::fields(request.headers, head, MORE_FIELDS).ok_or(BadHead::Malformed)?;
    let facts = Facts::of(request.headers);
    let modern = minor == 1;
    let in_doubt = facts.in_doubt || (facts.coding && (facts.length.is_some() || !modern));
    let length = match (facts.coding, facts.length) {
        (true, _) => Length::Chunked,
        (false, Some(length)) if length > 0 => Length::Known(length),
        (false, _) => Length::Nothing,
    };
    Ok(RequestHead {
        parts,
        length,
        in_doubt,
        keeps: !facts.closes && (modern || facts.keeps),
        expects: facts.expects && modern && length != Length::Nothing,
    })
}

/// How many fields the way of a request adds.
const MORE_FIELDS: usize = 8;

impl Facts {
    fn of(fields: &[Header<'_>]) -> Self {
        let mut facts = Self {
            length: None,
            coding: false,
            in_doubt: false,
            closes: false,
            keeps: false,
            expects: false,
        };
        for field in fields {
            // A look at the length of a name spares most of them the comparison.
            match field.name.len() {
                6 if field.name.eq_ignore_ascii_case("expect") => {
                    facts.expects = field.value.eq_ignore_ascii_case(b"100-continue");
                }
                10 if field.name.eq_ignore_ascii_case("connection") => facts.connection(field.value),
                14 if field.name.eq_ignore_ascii_case("content-length") => {
                    let length = length(field.value);
                    facts.in_doubt |= length.is_none() || facts.length.is_some();
                    facts.length = length.or(facts.length);
                }
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                    facts.in_doubt |= facts.coding || !field.value.eq_ignore_ascii_case(b"chunked");
                    facts.coding = true;
                }
                _ => {}
            }
        }
        facts
    }

    fn connection(&mut self, value: &[u8]) {
        self.closes |= lists(value, "close");
        self.keeps |= lists(value, "keep-alive");
    }
}

/// Digits and nothing else.
fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

//! A request on its way out: its head, and its body as it comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::{header, request};
use http_body::Body as _;
use tokio::io::AsyncWrite as _;

use super::receive::Reading;
use super::{Connection, Failed, head};
use crate::h1::{chunk_end, chunk_start, last_chunk};
use crate::proxy::request_body::RequestBody;

/// A piece of a body up to this length is copied behind what comes before it, so that both are one write.
const SMALL: usize = 8 * 1024;
/// What an idle connection keeps of the memory that heads are written in.
const KEPT: usize = 4 * 1024;

#[derive(Debug, Default)]
pub(super) struct Sending {
    /// Lines, small pieces: what is to be written first.
    lines: Vec<u8>,
    /// How much of it is out.
    written: usize,
    /// A large piece, to be written behind it.
    piece: Bytes,
    body: Part,
    /// Whether a layer below may still hold what was written.
    unflushed: bool,
    /// Whether any byte of the request is out.
    begun: bool,
}

#[derive(Debug, Default)]
enum Part {
    /// Nothing is left of it but what is waiting above.
    #[default]
    Over,
    /// So many bytes are still to come from it.
    Length(RequestBody, u64),
    Chunked(RequestBody),
    /// The end of a large chunk comes next.
    ChunkEnd(RequestBody),
}

impl Sending {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.body, Part::Over) && self.is_written() && !self.unflushed
    }

    fn is_written(&self) -> bool {
        self.written == self.lines.len() && self.piece.is_empty()
    }

    /// Whether more may be prepared before this is written.
    fn has_room(&self) -> bool {
        self.piece.is_empty() && self.lines.len() - self.written < SMALL
    }

    /// Adds a piece of the body.
    fn add(&mut self, piece: Bytes) {
        if piece.len() <= SMALL {
            self.lines.extend_from_slice(&piece);
        } else {
            self.piece = piece;
        }
    }

    fn rest(&mut self) {
        self.lines.clear();
        self.written = 0;
        self.lines.shrink_to(KEPT);
    }
}

impl Connection {
    /// Begins an exchange. Nothing is written yet.
    pub(crate) fn begin(&mut self, parts: &request::Parts, body: RequestBody) {
        self.method = parts.method.clone();
        self.reading = Reading::Head;
        let sending = &mut self.sending;
        sending.rest();
        (sending.begun, sending.piece) = (false, Bytes::new());
        head::write(&mut sending.lines, parts);
        let length = parts.headers.get(header::CONTENT_LENGTH);
        sending.body = if body.is_end_stream() {
            Part::Over
        } else if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            Part::Chunked(body)
        } else {
            let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
            Part::Length(body, length.unwrap_or_default())
        };
    }

    /// Whether any byte of the request was written.
    pub(crate) fn has_begun(&self) -> bool {
        self.sending.begun
    }

    /// Whether nothing is left to be sent of the request.
    pub(crate) fn is_sent(&self) -> bool {
        self.sending.is_over()
    }

    /// Gives up what is left to be sent: what comes back is still read, and nothing follows it.
    pub(crate) fn stop_sending(&mut self) {
        self.persists = false;
        self.sending = Sending { begun: self.sending.begun, ..Sending::default() };
    }

    /// Sends what there is of the request; ready when all of it is out. What is there of the body when the head goes out goes with
    /// it.
    ///
    /// # Errors
    /// The connection's, or the body's own.
    pub(crate) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        loop {
            let mut next = Poll::Ready(Ok(true));
            while self.sending.has_room() && matches!(next, Poll::Ready(Ok(true))) {
                next = self.sending.poll_next(context);
            }
            if matches!(next, Poll::Ready(Err(_))) {
                return next.map_ok(|_| ());
            }
            ready!(self.poll_write(context))?;
            if !matches!(next, Poll::Ready(Ok(true))) {
                if self.sending.unflushed {
                    ready!(Pin::new(&mut self.io).poll_flush(context))?;
                    self.sending.unflushed = false;
                }
                return next.map_ok(|_| ());
            }
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sending = &mut self.sending;
        while !sending.is_written() {
            let lines = sending.lines.get(sending.written..).unwrap_or_default();
            let from = if lines.is_empty() { &sending.piece[..] } else { lines };
            let of_lines = !lines.is_empty();
            let written = ready!(Pin::new(&mut self.io).poll_write(context, from))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            (sending.begun, sending.unflushed) = (true, true);
            if of_lines {
                sending.written += written;
            } else {
                sending.piece.advance(written);
            }
        }
        sending.rest();
        Poll::Ready(Ok(()))
    }
}

impl Sending {
    /// Prepares what is written next, when all before it is; false when nothing is left.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Failed>> {
        let chunked = match &self.body {
            Part::Over => return Poll::Ready(Ok(false)),
            Part::Length(..) => false,
            Part::Chunked(_) => true,
            Part::ChunkEnd(_) => {
                chunk_end(&mut self.lines);
                if let Part::ChunkEnd(body) = std::mem::take(&mut self.body) {
                    self.body = Part::Chunked(body);
                }
                return Poll::Ready(Ok(true));
            }
        };
        let (Part::Length(body, _) | Part::Chunked(body) | Part::ChunkEnd(body)) = &mut self.body else {
            return Poll::Ready(Ok(false));
        };
        let frame = ready!(Pin::new(body).poll_frame(context)).transpose()?;
        let Some(frame) = frame else {
            return Poll::Ready(self.end(None));
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return Poll::Ready(self.end(frame.into_trailers().ok().as_ref())),
        };
        if data.is_empty() {
            return Poll::Ready(Ok(true));
        }
        if chunked {
            chunk_start(&mut self.lines, data.len());
            let small = data.len() <= SMALL;
            self.add(data);
            if small {
                chunk_end(&mut self.lines);
            } else if let Part::Chunked(body) = std::mem::take(&mut self.body) {
                self.body = Part::ChunkEnd(body);
            }
        } else if let Part::Length(_, left) = &mut self.body {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            let Some(after) = left.checked_sub(length) else {
                return Poll::Ready(Err(Failed::RequestLength));
            };
            *left = after;
            if after == 0 {
                self.body = Part::Over;
            }
            self.add(data);
        }
        Poll::Ready(Ok(true))
    }

    /// The end of the body has come.
    fn end(&mut self, trailers: Option<&http::HeaderMap>) -> Result<bool, Failed> {
        match std::mem::take(&mut self.body) {
            Part::Length(_, left) if left > 0 => Err(Failed::RequestLength),
            Part::Over | Part::Length(..) => Ok(false),
            Part::Chunked(_) | Part::ChunkEnd(_) => {
                last_chunk(&mut self.lines, trailers);
                Ok(true)
            }
        }
    }
}

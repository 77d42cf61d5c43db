//! HTTP/1.1 to upstreams: one exchange at a time on a connection, without a task or a channel of its own. Whoever waits for the
//! answer reads the socket.

mod head;
mod receive;
mod send;

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::Method;

use self::head::HeadReader;
use self::receive::Reading;
use self::send::Sending;
use super::timed_io::TimedIo;
use crate::h1::{BrokenChunk, poll_fill};
use crate::proxy::request_body::Cut;

/// A connection to an upstream.
#[derive(Debug)]
pub(crate) struct Connection {
    io: TimedIo,
    /// What was read and not taken.
    input: BytesMut,
    head: HeadReader,
    sending: Sending,
    reading: Reading,
    /// The method of the request that is being answered.
    method: Method,
    /// Whether another exchange may follow this one.
    persists: bool,
    /// What went wrong with the request's body while nobody asked for a piece of the answer.
    failed: Option<Failed>,
}

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the connection ended before a response came")]
    Closed,
    #[error("the connection ended within the response")]
    Torn,
    #[error("the head of the response is not in order: {0}")]
    Head(#[from] httparse::Error),
    #[error("the head of the response is too long")]
    HeadLength,
    #[error("too many interim responses")]
    Interim,
    #[error("the length of the response is none")]
    Length,
    #[error("the body of the response is not in order: {0}")]
    Chunk(#[from] BrokenChunk),
    #[error("the request's body is not as long as was announced")]
    RequestLength,
    #[error("{0}")]
    RequestBody(#[from] Cut),
}

impl Failed {
    /// Whether the request itself cannot be sent.
    pub(crate) fn is_of_request(&self) -> bool {
        matches!(self, Self::RequestBody(_) | Self::RequestLength)
    }

    /// Whether the upstream took nothing for too long.
    pub(crate) fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::TimedOut)
    }
}

impl Connection {
    pub(crate) fn new(io: TimedIo) -> Self {
        Self {
            io,
            input: BytesMut::new(),
            head: HeadReader::default(),
            sending: Sending::default(),
            reading: Reading::Over,
            method: Method::GET,
            persists: true,
            failed: None,
        }
    }

    /// Whether the upstream has left an idle connection open and not said anything on it, as far as is known.
    pub(crate) fn is_open(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        // A task that has done much in one go is told that nothing came, without a look: that would be no answer here.
        let look = tokio::task::unconstrained(poll_fn(|context| self.poll_more(0, context)));
        pin!(look).poll(&mut context).is_pending()
    }

    /// Whether the exchange is over, on both sides, and another one may follow.
    pub(crate) fn is_reusable(&self) -> bool {
        self.persists && self.input.is_empty() && self.sending.is_over() && self.is_end_stream()
    }

    /// What is left of the connection when it has changed protocols.
    pub(crate) fn into_parts(self) -> (TimedIo, Bytes) {
        (self.io, self.input.freeze())
    }

    /// Reads once more; `wanted` bytes are known to come.
    fn poll_more(&mut self, wanted: u64, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        poll_fill(&mut self.io, &mut self.input, wanted, context)
    }
}

#[cfg(test)]
mod tests;

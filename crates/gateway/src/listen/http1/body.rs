//! A request's body on the connection that it comes on.

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

use super::head::Length;
use super::wire::Wire;
use crate::h1::{BrokenChunk, Chunks, Piece, due};

/// What is left of a body that is being read.
#[derive(Debug)]
pub(crate) enum Decoder {
    Sized(u64),
    Chunked(Chunks),
}

/// The rest of a body did not come, or was not as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// The body of the request that is being served. While it is held and not at its end, it reads the connection, and nobody else.
#[derive(Debug)]
pub(crate) struct Body {
    wire: Wire,
    /// How many bytes are still to come, where that was announced.
    left: Option<u64>,
    over: bool,
}

impl Decoder {
    /// What reads a body of this length; `None` for no body.
    pub(crate) fn of(length: Length) -> Option<Self> {
        match length {
            Length::Nothing => None,
            Length::Known(length) => Some(Self::Sized(length)),
            Length::Chunked => Some(Self::Chunked(Chunks::new())),
        }
    }

    /// Takes the next piece from what was read; `None`: that needs more.
    ///
    /// # Errors
    /// [`BrokenChunk`]; nothing after it can be read.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, BrokenChunk> {
        match self {
            Self::Chunked(chunks) => chunks.next(input),
            Self::Sized(0) => Ok(Some(Piece::End)),
            Self::Sized(_) if input.is_empty() => Ok(None),
            Self::Sized(left) => {
                let taken = due(left, input.len());
                let whole = taken == input.len();
                let data = if whole { std::mem::take(input) } else { input.split_to(taken) };
                Ok(Some(Piece::Data(data.freeze())))
            }
        }
    }

    /// How many bytes are known to come next.
    pub(crate) fn wanted(&self) -> u64 {
        match self {
            Self::Sized(left) => *left,
            Self::Chunked(chunks) => chunks.wanted(),
        }
    }

    /// Whether nothing more is to be read.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Sized(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_over(),
        }
    }
}

impl Body {
    pub(super) fn new(wire: Wire, length: Length) -> Self {
        let left = if let Length::Known(length) = length { Some(length) } else { None };
        Self { wire, left, over: false }
    }

    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unreadable>>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.wire.poll_piece(context).map(|piece| match piece {
            Ok(Piece::Data(data)) => {
                if let Some(left) = &mut self.left {
                    due(left, data.len());
                    self.over = *left == 0;
                }
                Some(Ok(Frame::data(data)))
            }
            Ok(Piece::Trailers(fields)) => {
                self.over = true;
                Some(Ok(Frame::trailers(fields)))
            }
            Ok(Piece::End) => {
                self.over = true;
                None
            }
            Err(unreadable) => {
                self.over = true;
                Some(Err(unreadable))
            }
        })
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.over
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !self.over {
            self.wire.let_go();
        }
    }
}

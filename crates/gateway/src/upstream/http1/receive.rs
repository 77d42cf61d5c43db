//! A response as it comes: its head, then its body, while the request's body goes on.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::response;
use http_body::{Frame, SizeHint};

use super::head::Framing;
use super::{Connection, Failed};
use crate::h1::{Chunks, Piece, due};

#[derive(Debug)]
pub(super) enum Reading {
    Head,
    Length(u64),
    Chunked(Chunks),
    Close,
    Over,
}

impl Connection {
    /// The head of the response.
    ///
    /// # Errors
    /// The connection's end, or what cannot be read.
    pub(crate) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<response::Parts, Failed>> {
        loop {
            if !self.input.is_empty()
                && let Some(answer) = self.head.read(&mut self.input, &self.method)?
            {
                self.persists &= answer.persists;
                self.reading = match answer.framing {
                    Framing::Length(0) => Reading::Over,
                    Framing::Length(length) => Reading::Length(length),
                    Framing::Chunked => Reading::Chunked(Chunks::new()),
                    Framing::Close => Reading::Close,
                };
                return Poll::Ready(Ok(answer.parts));
            }
            if ready!(self.poll_more(0, context))? == 0 {
                let failed = if self.input.is_empty() { Failed::Closed } else { Failed::Torn };
                return Poll::Ready(Err(failed));
            }
        }
    }

    /// The next piece of the response's body. Meanwhile the request's body goes on; the upstream may end its answer without
    /// taking all of that.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        self.poll_request(context);
        if let Some(failed) = self.failed.take() {
            self.reading = Reading::Over;
            return Poll::Ready(Some(Err(failed)));
        }
        let frame = ready!(self.poll_piece(context));
        if matches!(frame, Some(Err(_))) {
            self.persists = false;
            self.reading = Reading::Over;
        }
        Poll::Ready(frame)
    }

    /// Lets the request's body go on where it still does. What is wrong with it is told with the next piece of the answer.
    pub(crate) fn poll_request(&mut self, context: &mut Context<'_>) {
        if !self.sending.is_over()
            && let Poll::Ready(Err(failed)) = self.poll_send(context)
        {
            self.failed = Some(failed).filter(Failed::is_of_request);
            self.stop_sending();
        }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        loop {
            let wanted = match &mut self.reading {
                Reading::Head | Reading::Over => return Poll::Ready(None),
                Reading::Length(left) => match some(&mut self.input, left) {
                    Some(data) => {
                        if *left == 0 {
                            self.reading = Reading::Over;
                        }
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    None => *left,
                },
                Reading::Chunked(chunks) => match chunks.next(&mut self.input) {
                    Err(broken) => return Poll::Ready(Some(Err(broken.into()))),
                    Ok(Some(Piece::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(Some(Piece::Trailers(trailers))) => {
                        self.end();
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                    Ok(Some(Piece::End)) => {
                        self.end();
                        return Poll::Ready(None);
                    }
                    Ok(None) => chunks.wanted(),
                },
                Reading::Close => match some(&mut self.input, &mut { u64::MAX }) {
                    Some(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    None => 0,
                },
            };
            match ready!(self.poll_more(wanted, context)) {
                Ok(0) if matches!(self.reading, Reading::Close) => {
                    self.reading = Reading::Over;
                    return Poll::Ready(None);
                }
                Ok(0) => return Poll::Ready(Some(Err(Failed::Torn))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    /// The body in chunks is at its end; its buffer would be kept as long as the connection.
    fn end(&mut self) {
        self.reading = Reading::Over;
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Whether nothing is left to be read of the response.
    pub(crate) fn is_end_stream(&self) -> bool {
        matches!(self.reading, Reading::Over)
    }

    /// How much is left of the body.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.reading {
            Reading::Length(left) => SizeHint::with_exact(left),
            Reading::Over => SizeHint::with_exact(0),
            Reading::Head | Reading::Chunked(_) | Reading::Close => SizeHint::default(),
        }
    }
}

/// What was read of a body that has so many bytes left; `None` when there is nothing.
fn some(input: &mut BytesMut, left: &mut u64) -> Option<Bytes> {
    if input.is_empty() {
        return None;
    }
    let taken = due(left, input.len());
    // All of it is taken with its memory, which would be kept as long as the connection.
    let data = if taken == input.len() { std::mem::take(input) } else { input.split_to(taken) };
    Some(data.freeze())
}

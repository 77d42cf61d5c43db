//! An answer on its way to the client: its head and what is there of its body in one write, then each piece as it comes.

use std::cell::Cell;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame};

use super::answer::{self, AnswerHead, Asked, Framed, Size};
use super::date::Date;
use super::wire::Wire;
use crate::h1;
use crate::proxy::response_body::ResponseBody;

/// A response that is being sent.
#[derive(Debug)]
pub(super) struct Sending {
    /// Kept to the end of the answer: with it ends the request.
    body: ResponseBody,
    /// Whether all of it was taken.
    taken: bool,
    framed: Framed,
    /// Whether another request can follow.
    keeps: bool,
    /// What is to be written: these three, of which so many bytes are out.
    front: Vec<u8>,
    data: Bytes,
    back: &'static [u8],
    out: usize,
}

/// The answer did not get out as a whole, and the connection ends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The client is gone, or takes nothing.
    Client,
    /// The body ended early.
    Body,
}

/// What has become of the body when it was asked.
enum Gathered {
    /// All of it is taken.
    All,
    /// There is enough to write.
    Enough,
    /// More is still to come.
    Waits,
}

/// A piece up to this long is written together with what stands before it.
const SMALL: usize = 8 * 1024;
/// Room for most heads.
const ROOM: usize = 1024;
/// How much is put together before it is written.
const ENOUGH: usize = 16 * 1024;
/// How large a buffer is kept for the next answer.
const KEPT: usize = 2 * ENOUGH;

thread_local! {
    /// Where answers are put together, so that no connection holds a buffer for that.
    static PLACE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Sending {
    /// Puts the head together, behind what has to be written `first`.
    pub(super) fn new(response: Response<ResponseBody>, asked: Asked, date: &Date, first: &[u8]) -> Self {
        let (parts, body) = response.into_parts();
        let size = match body.size_hint().exact() {
            _ if body.is_end_stream() => Size::Nothing,
            Some(length) => Size::Known(length),
            None => Size::Unknown,
        };
        let mut front = PLACE.take();
        front.reserve(ROOM);
        front.extend_from_slice(first);
        let head =
            AnswerHead { status: parts.status, headers: &parts.headers, extensions: &parts.extensions, size };
        let (framed, keeps) = answer::write(&mut front, head, asked, date);
        let taken = matches!(framed, Framed::Nothing | Framed::Sized(0));
        Self { body, taken, framed, keeps, front, data: Bytes::new(), back: &[], out: 0 }
    }

    /// Ready when all of it is out; whether another request can follow.
    pub(super) fn poll(&mut self, wire: &Wire, context: &mut Context<'_>) -> Poll<Result<bool, Cut>> {
        loop {
            // A body may read the request's, so that the connection is not held meanwhile.
            let gathered = self.gather(context);
            // What came before a break is the client's.
            let flushed = self.poll_flush(wire, context);
            match (gathered, flushed) {
                (Ok(Gathered::All), Poll::Ready(Ok(()))) => return Poll::Ready(Ok(self.keeps)),
                (Ok(Gathered::Enough), Poll::Ready(Ok(()))) => {}
                (Err(cut), _) | (_, Poll::Ready(Err(cut))) => return Poll::Ready(Err(cut)),
                (Ok(Gathered::Waits), Poll::Ready(Ok(()))) | (Ok(_), Poll::Pending) => {
                    self.body.poll_request(context);
                    ready!(wire.poll_gone(context));
                    return Poll::Ready(Err(Cut::Client));
                }
            }
        }
    }

    /// Takes pieces of the body while there are any and there is room.
    fn gather(&mut self, context: &mut Context<'_>) -> Result<Gathered, Cut> {
        loop {
            if self.out > 0 || !self.data.is_empty() || self.front.len() >= ENOUGH {
                return Ok(if self.taken { Gathered::All } else { Gathered::Enough });
            }
            if self.taken {
                return Ok(Gathered::All);
            }
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => return Ok(Gathered::Waits),
                Poll::Ready(Some(Ok(frame))) => self.take(frame)?,
                Poll::Ready(Some(Err(_))) => return Err(Cut::Body),
                Poll::Ready(None) => self.end(None)?,
            }
        }
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), Cut> {
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return self.end(frame.into_trailers().ok()),
        };
        if data.is_empty() {
            return Ok(());
        }
        let ends = self.body.is_end_stream();
        match &mut self.framed {
            Framed::Nothing => self.taken = true,
            Framed::UntilClose => self.put(data, &[]),
            Framed::Sized(left) => {
                data.truncate(h1::due(left, data.len()));
                if *left == 0 {
                    self.taken = true;
                }
                self.put(data, &[]);
            }
            Framed::Chunked(_) => {
                self.front_place();
                h1::chunk_start(&mut self.front, data.len());
                if ends {
                    self.taken = true;
                }
                self.put(data, if ends { b"\r\n0\r\n\r\n" } else { b"\r\n" });
            }
        }
        Ok(())
    }

    /// Puts a piece, and what stands behind it, to what is to be written.
    fn put(&mut self, data: Bytes, back: &'static [u8]) {
        if data.len() > SMALL {
            (self.data, self.back) = (data, back);
            return;
        }
        self.front_place();
        self.front.extend_from_slice(&data);
        self.front.extend_from_slice(back);
    }

    /// The body is at its end.
    fn end(&mut self, trailers: Option<http::HeaderMap>) -> Result<(), Cut> {
        self.taken = true;
        match &self.framed {
            Framed::Sized(1..) => Err(Cut::Body),
            Framed::Nothing | Framed::Sized(_) | Framed::UntilClose => Ok(()),
            Framed::Chunked(names) => {
                let trailers = trailers.map(|mut trailers| {
                    answer::keep_announced(&mut trailers, names);
                    trailers
                });
                self.front_place();
                h1::last_chunk(&mut self.front, trailers.as_ref());
                Ok(())
            }
        }
    }

    /// Takes the thread's buffer where this answer has none.
    fn front_place(&mut self) {
        if self.front.capacity() == 0 {
            self.front = PLACE.take();
        }
    }

    fn poll_flush(&mut self, wire: &Wire, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        let (front, data, back) = (self.front.len(), self.data.len(), self.back.len());
        if front + data + back == 0 {
            return Poll::Ready(Ok(()));
        }
        while self.out < front + data + back {
            let first = self.front.get(self.out..).unwrap_or_default();
            let written = if data + back == 0 {
                ready!(wire.poll_write(context, &[IoSlice::new(first)]))
            } else {
                let second = self.data.get(self.out.saturating_sub(front)..).unwrap_or_default();
                let third = self.back.get(self.out.saturating_sub(front + data)..).unwrap_or_default();
                let slices = [IoSlice::new(first), IoSlice::new(second), IoSlice::new(third)];
                ready!(wire.poll_write(context, &slices))
            };
            match written {
                Ok(written @ 1..) => self.out += written,
                Ok(0) | Err(_) => return Poll::Ready(Err(Cut::Client)),
            }
        }
        ready!(wire.poll_flush(context)).map_err(|_| Cut::Client)?;
        (self.data, self.back, self.out) = (Bytes::new(), &[], 0);
        self.rests();
        Poll::Ready(Ok(()))
    }

    /// Leaves the buffer to the next answer.
    fn rests(&mut self) {
        let mut front = std::mem::take(&mut self.front);
        if front.capacity() <= KEPT {
            front.clear();
            PLACE.set(front);
        }
    }
}

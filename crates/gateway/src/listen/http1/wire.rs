//! A client's connection, as the connection's loop, the body of the request and a tunnel share it.
//!
//! All of them run on the worker's thread, so that the lock is never waited for. It is there because plugins may hold a body in
//! a future that can move.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body::{Body, Decoder, Unreadable};
use super::head::{BadHead, HeadBounds, HeadReader, Length, RequestHead};
use crate::h1::{Piece, poll_fill};
use crate::listen::client_io::ClientIo;
use crate::listen::linger::Linger;

/// A share of the connection.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    io: ClientIo,
    /// What was read and not taken yet.
    input: BytesMut,
    body: Unread,
    /// How much is to be written yet to ask for the body; nothing where it comes by itself.
    asking: &'static [u8],
    /// Whether TLS may still hold some of that.
    unflushed: bool,
    /// Whom to wake when the body is read to its end, or let go.
    watcher: Option<Waker>,
    /// Who waits for a piece of the body.
    reader: Option<Waker>,
}

/// What is left of the request's body.
#[derive(Debug)]
enum Unread {
    Nothing,
    /// Somebody reads it.
    Held(Decoder),
    /// Nobody does any more.
    Left(Decoder),
    /// It cannot be read, nor can what is behind it.
    Broken,
}

/// What came in place of a head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// The client ended, or the connection broke.
    Ended,
    Bad(BadHead),
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// The longest rest of a body that is read only to be thrown away.
pub(crate) const SHORT: u64 = 64 * 1024;

impl Wire {
    /// What it takes beside the socket's own state and TLS.
    #[cfg(test)]
    pub(super) fn size() -> usize {
        size_of::<Mutex<State>>()
    }

    pub(super) fn new(io: ClientIo) -> Self {
        Self(Arc::new(Mutex::new(State {
            io,
            input: BytesMut::new(),
            body: Unread::Nothing,
            asking: &[],
            unflushed: false,
            watcher: None,
            reader: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether bytes came that nobody has taken.
    pub(super) fn has_input(&self) -> bool {
        !self.state().input.is_empty()
    }

    /// The next head.
    pub(super) fn poll_head(
        &self,
        reader: &mut HeadReader,
        bounds: HeadBounds,
        context: &mut Context<'_>,
    ) -> Poll<Result<RequestHead, NoHead>> {
        let state = &mut *self.state();
        loop {
            if !state.input.is_empty() {
                state.io.activity.head_comes();
                match reader.read(&mut state.input, bounds) {
                    Ok(Some(head)) => {
                        state.io.activity.head_is_there();
                        return Poll::Ready(Ok(head));
                    }
                    Ok(None) => {}
                    Err(bad) => {
                        state.io.activity.head_is_there();
                        return Poll::Ready(Err(NoHead::Bad(bad)));
                    }
                }
            }
            match ready!(poll_fill(&mut state.io, &mut state.input, 0, context)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Err(NoHead::Ended)),
            }
        }
    }

    /// The body behind the head that was read last, if there is one; `asks`: it comes only when it is asked for.
    pub(super) fn body(&self, length: Length, asks: bool) -> Option<Body> {
        let decoder = Decoder::of(length)?;
        let state = &mut *self.state();
        state.body = Unread::Held(decoder);
        state.asking = if asks { CONTINUE } else { &[] };
        Some(Body::new(self.clone(), length))
    }

    /// The next piece of the body.
    pub(super) fn poll_piece(&self, context: &mut Context<'_>) -> Poll<Result<Piece, Unreadable>> {
        let state = &mut *self.state();
        let Poll::Ready(piece) = state.poll_piece(context) else {
            note(&mut state.reader, context);
            return Poll::Pending;
        };
        state.reader = None;
        let over = match &piece {
            Ok(_) => state.body_is_over(),
            Err(Unreadable) => true,
        };
        if over {
            state.body = if piece.is_ok() { Unread::Nothing } else { Unread::Broken };
            state.tell(Some(context));
        }
        Poll::Ready(piece)
    }

    /// The body's reader is gone before its end.
    pub(super) fn let_go(&self) {
        let state = &mut *self.state();
        if let Unread::Held(_) = state.body
            && let Unread::Held(decoder) = std::mem::replace(&mut state.body, Unread::Nothing)
        {
            state.body = Unread::Left(decoder);
            state.tell(None);
        }
    }

    /// Ready once the client is gone. Not asked while somebody reads the body, who would find out.
    pub(super) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        let state = &mut *self.state();
        match state.body {
            Unread::Held(_) => {
                state.watch(context);
                return Poll::Pending;
            }
            Unread::Broken => return Poll::Pending,
            Unread::Nothing | Unread::Left(_) => {}
        }
        // Of a client that sends more before it was answered, no more is read than this.
        if !state.input.is_empty() {
            return Poll::Pending;
        }
        match ready!(poll_fill(&mut state.io, &mut state.input, 0, context)) {
            Ok(1..) => Poll::Pending,
            Ok(0) | Err(_) => Poll::Ready(()),
        }
    }

    /// The answer begins, and the body is not asked for any more. Whether what is left of it, as far as is known, will be read, so
    /// that another request can come behind it; and what has to be written before the answer.
    pub(super) fn answers(&self) -> (bool, &'static [u8]) {
        let state = &mut *self.state();
        let left = std::mem::take(&mut state.asking);
        // The answer is flushed behind it.
        state.unflushed = false;
        let asked = left.is_empty();
        let begun = !asked && left.len() < CONTINUE.len();
        let goes_on = match &state.body {
            Unread::Nothing => true,
            Unread::Broken => false,
            // Whoever holds it has asked for it, or never will.
            Unread::Held(_) => asked,
            Unread::Left(_) => state.skip() && (asked || matches!(state.body, Unread::Nothing)),
        };
        (goes_on, if begun { left } else { &[] })
    }

    /// Ready when the body is out of the way; whether another request can come behind it.
    pub(super) fn poll_settled(&self, context: &mut Context<'_>) -> Poll<bool> {
        let state = &mut *self.state();
        loop {
            if matches!(state.body, Unread::Left(_)) && !state.skip() {
                return Poll::Ready(false);
            }
            match &state.body {
                Unread::Nothing => {
                    state.rests();
                    state.io.activity.head_is_there();
                    return Poll::Ready(true);
                }
                Unread::Broken => return Poll::Ready(false),
                Unread::Held(_) => {
                    state.watch(context);
                    return Poll::Pending;
                }
                Unread::Left(_) => {
                    // It has as much time as a head.
                    state.io.activity.head_comes();
                    match ready!(poll_fill(&mut state.io, &mut state.input, 0, context)) {
                        Ok(1..) => {}
                        Ok(0) | Err(_) => return Poll::Ready(false),
                    }
                }
            }
        }
    }

    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let state = &mut *self.state();
        match slices {
            [one] => Pin::new(&mut state.io).poll_write(context, one),
            _ => Pin::new(&mut state.io).poll_write_vectored(context, slices),
        }
    }

    pub(super) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.state().io).poll_flush(context)
    }

    pub(super) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.state().io).poll_shutdown(context)
    }

    /// Takes the body from whoever still holds it: nothing more is read for them.
    pub(super) fn take_back(&self) {
        let state = &mut *self.state();
        if matches!(state.body, Unread::Held(_)) {
            state.body = Unread::Broken;
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
    }

    /// Closes the connection, whoever else has a share of it.
    pub(super) fn close(&self) {
        self.take_back();
        self.state().io.close();
    }

    /// Whether the client may still be sending what nobody will read.
    pub(super) fn has_unread(&self) -> bool {
        let state = self.state();
        !matches!(state.body, Unread::Nothing) || !state.input.is_empty()
    }

    pub(super) fn poll_linger(&self, linger: &mut Linger, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        linger.poll(&mut self.state().io, context)
    }

    /// Whether nothing is left of the body, so that what comes next is what is behind it.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.state().body, Unread::Nothing)
    }
}

impl State {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, Unreadable>> {
        loop {
            let Unread::Held(decoder) = &mut self.body else { return Poll::Ready(Err(Unreadable)) };
            match decoder.next(&mut self.input) {
                Ok(Some(piece)) => return Poll::Ready(Ok(piece)),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Err(Unreadable)),
            }
            let wanted = decoder.wanted();
            while !self.asking.is_empty() {
                match ready!(Pin::new(&mut self.io).poll_write(context, self.asking)) {
                    Ok(written @ 1..) => self.asking = self.asking.get(written..).unwrap_or_default(),
                    Ok(0) | Err(_) => return Poll::Ready(Err(Unreadable)),
                }
                self.unflushed = true;
            }
            if self.unflushed {
                if ready!(Pin::new(&mut self.io).poll_flush(context)).is_err() {
                    return Poll::Ready(Err(Unreadable));
                }
                self.unflushed = false;
            }
            match poll_fill(&mut self.io, &mut self.input, wanted, context) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Unreadable)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn body_is_over(&self) -> bool {
        match &self.body {
            Unread::Held(decoder) | Unread::Left(decoder) => decoder.is_over(),
            Unread::Nothing | Unread::Broken => true,
        }
    }

    /// Throws away what is there of a body that nobody reads; whether the rest, if there is any, is short.
    fn skip(&mut self) -> bool {
        let Unread::Left(decoder) = &mut self.body else { return true };
        loop {
            match decoder.next(&mut self.input) {
                Ok(Some(_)) if decoder.is_over() => {
                    self.body = Unread::Nothing;
                    return true;
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    return match decoder {
                        Decoder::Sized(left) => *left <= SHORT,
                        Decoder::Chunked(_) => false,
                    };
                }
                Err(_) => {
                    self.body = Unread::Broken;
                    return false;
                }
            }
        }
    }

    /// Gives back the room for input where there is none.
    fn rests(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    fn watch(&mut self, context: &Context<'_>) {
        note(&mut self.watcher, context);
    }

    /// Wakes whoever waits for the body's end; not the task that runs and sees to it itself.
    fn tell(&mut self, context: Option<&Context<'_>>) {
        if let Some(watcher) = self.watcher.take()
            && !context.is_some_and(|context| context.waker().will_wake(&watcher))
        {
            watcher.wake();
        }
    }
}

/// Remembers whom to wake.
fn note(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

/// A tunnel's side to the client: first what was read already, then what comes.
impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let state = &mut *self.state();
        if !state.input.is_empty() {
            let taken = state.input.len().min(buffer.remaining());
            buffer.put_slice(state.input.get(..taken).unwrap_or_default());
            state.input.advance(taken);
            state.rests();
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut state.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.state().io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.state().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.state().io).poll_shutdown(context)
    }
}

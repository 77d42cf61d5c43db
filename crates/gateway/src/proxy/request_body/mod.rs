//! A request's body on its way from the client.

mod bounds;
mod progress;
mod source;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use keybound_plugins::contract::{BodyFault, BodySource, Reserved};
use keybound_plugins::fault::RequestFault;
use tokio::time::{Instant, Sleep};

pub(crate) use self::bounds::Bounds;
pub(crate) use self::progress::Progress;
pub(crate) use self::source::Source;
use super::trailers;
use crate::listen::{Activity, http1};

/// A request's body on its way to the upstream: streamed, unless a plugin asked for all of it.
#[derive(Debug)]
pub(crate) struct RequestBody {
    state: State,
    bounds: Bounds,
    /// What was read for a plugin, and turned out to be too much for it: it still comes before the rest.
    held: Option<Bytes>,
    /// Bytes that came from the client so far.
    received: u64,
    waiting: Option<Waiting>,
    /// How long the client was waited for in all.
    waited: Duration,
    progress: Option<Arc<Progress>>,
    /// Why no more of it can be read: who comes after a plugin must not take the rest for nothing.
    broken: Option<RequestFault>,
    /// Fields that its trailers must not have, beside those that none may have.
    reserved: Reserved,
    /// The connection it comes from, to be told when it was read to its end.
    source: Option<Activity>,
}

/// The client is waited for.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

/// How much of a body that is there as a whole is handed over at once.
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
enum State {
    Empty,
    Whole(Bytes),
    Stream(Source),
}

/// Why a streamed body ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request's body ended early: {0}")]
pub(crate) struct Cut(RequestFault);

impl RequestBody {
    /// The body that is read from there.
    pub(crate) fn new(source: Source, bounds: Bounds) -> Self {
        let state = if source.is_end_stream() { State::Empty } else { State::Stream(source) };
        Self::unread(state, bounds, Reserved::default())
    }

    /// No body.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let bounds = Bounds { bytes: None, pause: Duration::from_secs(60), rate: 0 };
        Self::unread(State::Empty, bounds, Reserved::default())
    }

    /// A body of which nothing was read.
    fn unread(state: State, bounds: Bounds, reserved: Reserved) -> Self {
        Self {
            state,
            bounds,
            held: None,
            received: 0,
            waiting: None,
            waited: Duration::ZERO,
            progress: None,
            broken: None,
            reserved,
            source: None,
        }
    }

    /// Has the connection told when a streamed body was read to its end.
    pub(crate) fn tell(&mut self, source: &Activity) {
        if matches!(self.state, State::Stream(_)) {
            self.source = Some(source.clone());
        }
    }

    /// Keeps fields that plugins set out of the trailers.
    pub(crate) fn reserve(&mut self, reserved: &Reserved) {
        self.reserved = reserved.clone();
    }

    /// Whether the announced length is more than allowed.
    pub(crate) fn announces_too_much(&self) -> bool {
        match (&self.state, self.bounds.bytes) {
            (State::Stream(source), Some(bound)) => source.size_hint().lower() > bound,
            _ => false,
        }
    }

    /// The same body once more; `None` for one that is streamed.
    pub(crate) fn again(&self) -> Option<Self> {
        let state = match &self.state {
            State::Empty => State::Empty,
            State::Whole(bytes) => State::Whole(bytes.clone()),
            State::Stream(_) => return None,
        };
        Some(Self::unread(state, self.bounds, self.reserved.clone()))
    }

    /// What tells how far the body is; `None` where there is none.
    pub(crate) fn progress(&mut self) -> Option<Arc<Progress>> {
        match self.state {
            State::Stream(_) | State::Whole(_) => {
                Some(Arc::clone(self.progress.get_or_insert_with(Arc::default)))
            }
            State::Empty => None,
        }
    }

    /// The length when a plugin has read or replaced the body, to be told instead of what the client told.
    pub(crate) fn known_length(&self) -> Option<usize> {
        match &self.state {
            State::Whole(bytes) => Some(bytes.len()),
            State::Empty | State::Stream(_) => None,
        }
    }

    /// Whether its end shows only when it comes: it must be forwarded in chunks, whatever the method.
    pub(crate) fn is_open_ended(&self) -> bool {
        matches!(&self.state, State::Stream(source) if source.size_hint().exact().is_none())
    }

    /// The next frame of a streamed body, within the bounds.
    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(fault) = self.broken {
            return Poll::Ready(Some(Err(self.cut(fault))));
        }
        let State::Stream(source) = &mut self.state else { return Poll::Ready(None) };
        if let Some(held) = self.held.take() {
            return Poll::Ready(Some(Ok(Frame::data(held))));
        }
        let polled = source.poll_frame(context);
        if let Some(progress) = &self.progress {
            progress.set_waits(polled.is_pending());
        }
        let frame = match polled {
            Poll::Ready(frame) => frame,
            // A client that has the head of its answer may say something when it has something to say; how long
            // nothing at all moves is bounded there.
            Poll::Pending if self.progress.as_ref().is_some_and(|progress| progress.is_answered()) => {
                self.waiting = None;
                return Poll::Pending;
            }
            Poll::Pending => {
                let (bounds, received, waited) = (self.bounds, self.received, self.waited);
                let waiting = self.waiting.get_or_insert_with(|| {
                    let since = Instant::now();
                    let end = since + bounds.patience(received, waited);
                    Waiting { since, end: Box::pin(tokio::time::sleep_until(end)) }
                });
                ready!(waiting.end.as_mut().poll(context));
                return Poll::Ready(Some(Err(self.cut(RequestFault::Timeout))));
            }
        };
        if let Some(waiting) = self.waiting.take()
            && self.bounds.rate > 0
        {
            self.waited = self.waited.saturating_add(waiting.since.elapsed());
        }
        Poll::Ready(match frame {
            None => {
                if let Some(progress) = &self.progress {
                    progress.done();
                }
                self.is_read();
                None
            }
            Some(Err(http1::Unreadable)) => Some(Err(self.cut(RequestFault::Framing))),
            Some(Ok(mut frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.received =
                        self.received.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
                    if self.bounds.bytes.is_some_and(|bound| self.received > bound) {
                        return Poll::Ready(Some(Err(self.cut(RequestFault::BodyTooLarge))));
                    }
                } else if let Some(fields) = frame.trailers_mut() {
                    trailers::drop_relied_on(fields);
                    trailers::drop_reserved(fields, &self.reserved);
                }
                if let Some(progress) = &self.progress {
                    progress.move_on();
                }
                // Who sends a known length does not come back to hear that it was all.
                if matches!(&self.state, State::Stream(source) if source.is_end_stream()) {
                    self.is_read();
                }
                Some(Ok(frame))
            }
        })
    }

    fn cut(&mut self, fault: RequestFault) -> Cut {
        self.broken = Some(fault);
        if let Some(progress) = &self.progress {
            progress.cut(fault);
        }
        Cut(fault)
    }

    fn is_read(&mut self) {
        if let Some(source) = self.source.take() {
            source.body_waits(false);
        }
    }
}

impl Drop for RequestBody {
    /// The upstream may answer and stop reading before the body is complete.
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.done();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut self.state {
            State::Empty => Poll::Ready(None),
            State::Whole(bytes) => {
                // In pieces, so that it shows how much of it the upstream has taken.
                let piece = bytes.split_to(bytes.len().min(PIECE));
                if let Some(progress) = &self.progress {
                    progress.move_on();
                }
                Poll::Ready(if piece.is_empty() { None } else { Some(Ok(Frame::data(piece))) })
            }
            State::Stream(_) => self.poll_stream(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Empty => true,
            State::Whole(bytes) => bytes.is_empty(),
            // Trailers may still come; the end is told by the last frame.
            State::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Empty => SizeHint::with_exact(0),
            State::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            State::Stream(source) => source.size_hint(),
        }
    }
}

impl BodySource for RequestBody {
    fn whole(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyFault>> + Send + '_>> {
        Box::pin(async move {
            if let State::Stream(source) = &self.state
                && usize::try_from(source.size_hint().lower()).map_or(true, |announced| announced > limit)
            {
                return Err(BodyFault::TooLarge);
            }
            let mut whole = BytesMut::new();
            loop {
                match &self.state {
                    State::Empty => return Ok(Bytes::new()),
                    State::Whole(bytes) if bytes.len() > limit => return Err(BodyFault::TooLarge),
                    State::Whole(bytes) => return Ok(bytes.clone()),
                    State::Stream(_) => {}
                }
                match std::future::poll_fn(|context| self.poll_stream(context)).await {
                    None => self.state = State::Whole(std::mem::take(&mut whole).freeze()),
                    Some(Err(Cut(RequestFault::BodyTooLarge))) => return Err(BodyFault::TooLarge),
                    Some(Err(_)) => return Err(BodyFault::Broken),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            whole.extend_from_slice(&data);
                            if whole.len() > limit {
                                self.held = Some(whole.freeze());
                                return Err(BodyFault::TooLarge);
                            }
                        }
                    }
                }
            }
        })
    }

    fn replace(&mut self, body: Bytes) {
        self.held = None;
        self.state = State::Whole(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(60);

    #[test]
    fn a_body_that_broke_while_it_was_read_is_broken_for_whoever_reads_on() {
        let bounds = Bounds { bytes: None, pause: PAUSE, rate: 0 };
        let mut body = RequestBody::unread(State::Stream(Source::Nothing), bounds, Reserved::default());
        body.cut(RequestFault::Framing);
        let progress = body.progress().unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let frame = Pin::new(&mut body).poll_frame(&mut context);
        assert!(matches!(frame, Poll::Ready(Some(Err(Cut(RequestFault::Framing))))));
        assert_eq!(progress.fault(), Some(RequestFault::Framing));
    }

    #[test]
    fn a_body_that_is_there_as_a_whole_tells_how_much_of_it_was_taken_each_time_it_is_sent() {
        let mut body = RequestBody::empty();
        body.replace(Bytes::from(vec![b'a'; 3 * PIECE + 1]));
        for _ in 0..2 {
            let mut sent = body.again().unwrap();
            let progress = sent.progress().unwrap();
            let mut context = Context::from_waker(std::task::Waker::noop());
            let mut taken = 0;
            while !sent.is_end_stream() {
                let moved = progress.moved();
                match Pin::new(&mut sent).poll_frame(&mut context) {
                    Poll::Ready(Some(Ok(frame))) => taken += frame.into_data().unwrap().len(),
                    other => panic!("{other:?}"),
                }
                assert!(progress.moved() > moved && !progress.is_over());
            }
            assert_eq!(taken, 3 * PIECE + 1);
            drop(sent);
            assert!(progress.is_over() && progress.ended().is_some());
        }
        assert!(RequestBody::empty().progress().is_none());
    }
}

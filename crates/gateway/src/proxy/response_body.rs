use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use keybound_plugins::fault::UpstreamFault;
use tokio::time::Sleep;

use super::request_body::Progress;
use super::trailers;
use super::upgrade::Lasting;
use crate::listen::Busy;
use crate::observe::Record;
use crate::upstream::pool::Lease;
use crate::upstream::rest::{Broken, Rest};

/// A response's body on its way to the client. With its end, or with the client's, end the request's access record
/// and its share of the connection.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    content: Content,
    record: Option<Box<Record>>,
    busy: Option<Busy>,
}

#[derive(Debug)]
enum Content {
    Empty,
    Whole(Bytes),
    Upstream(Box<UpstreamBody>),
}

#[derive(Debug)]
struct UpstreamBody {
    rest: Rest,
    lease: Option<Lease>,
    /// Time between two reads.
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// How the request's body fares, while it may still be on its way.
    sending: Option<Sending>,
}

#[derive(Debug)]
struct Sending {
    progress: Arc<Progress>,
    /// How much of it had moved when the wait began.
    moved: u32,
}

/// Why a streamed response ended early; the client's connection or stream is cut, so that it cannot take the part for
/// the whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Torn {
    /// The upstream broke off, or its framing is wrong.
    #[error("the upstream broke off: {0}")]
    Broken(Broken),
    /// The upstream sent nothing for too long.
    #[error("the upstream stopped sending")]
    Timeout,
}

/// Why a body cannot be had as a whole.
#[derive(Debug)]
pub(crate) enum Whole {
    /// It is longer than was asked for.
    TooLong,
    /// It ended early.
    Torn(Torn),
}

impl Torn {
    /// The same when nothing of the response is out yet.
    pub(crate) fn fault(&self) -> UpstreamFault {
        match self {
            Self::Broken(_) => UpstreamFault::InvalidResponse,
            Self::Timeout => UpstreamFault::Timeout,
        }
    }
}

impl ResponseBody {
    /// A body that the gateway wrote; empty for none.
    pub(crate) fn own(bytes: Bytes) -> Self {
        let content = if bytes.is_empty() { Content::Empty } else { Content::Whole(bytes) };
        Self { content, record: None, busy: None }
    }

    /// The upstream's body, and the connection that goes back to its pool at the end.
    ///
    /// The upstream may be silent for `pause`, or for as long as the request's body still moves: who sends and who waits
    /// changes in a stream both ways.
    pub(crate) fn upstream(
        rest: Rest,
        lease: Lease,
        pause: Duration,
        progress: Option<Arc<Progress>>,
    ) -> Self {
        if rest.is_end_stream(Some(&lease)) {
            lease.give_back();
            return Self::own(Bytes::new());
        }
        let sending = progress.map(|progress| Sending { moved: progress.moved(), progress });
        let body = UpstreamBody { rest, lease: Some(lease), pause, waiting: None, sending };
        Self { content: Content::Upstream(Box::new(body)), record: None, busy: None }
    }

    /// All of it, without trailers, when it is at most so many bytes long.
    pub(crate) async fn whole(mut self, limit: usize) -> Result<Bytes, Whole> {
        if usize::try_from(self.size_hint().lower()).map_or(true, |announced| announced > limit) {
            return Err(Whole::TooLong);
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await {
            if let Ok(data) = frame.map_err(Whole::Torn)?.into_data() {
                if data.len() > limit - whole.len() {
                    return Err(Whole::TooLong);
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.freeze())
    }

    /// Lets the request's body go on, while the client takes nothing of this one.
    pub(crate) fn poll_request(&mut self, context: &mut Context<'_>) {
        if let Content::Upstream(body) = &mut self.content
            && let Some(connection) = body.lease.as_mut().and_then(Lease::connection)
        {
            connection.poll_request(context);
        }
    }

    /// Ties the end of the request to the end of this body.
    pub(crate) fn closing(self, record: Option<Box<Record>>, busy: Option<Busy>) -> Self {
        Self { content: self.content, record, busy }
    }

    /// Leaves what was tied to its end to something that lasts longer.
    pub(crate) fn take_lasting(&mut self) -> Lasting {
        let mut busy = self.busy.take();
        if let Some(busy) = &mut busy {
            busy.rests();
        }
        Lasting { record: self.record.take(), busy, load: None }
    }
}

impl Sending {
    /// Whether anything of the request's body came since this was asked last.
    fn has_moved(&mut self) -> bool {
        let moved = self.progress.moved();
        std::mem::replace(&mut self.moved, moved) != moved
    }
}

impl UpstreamBody {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Torn>>> {
        let frame = match self.rest.poll_frame(self.lease.as_mut(), context) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let pause = self.pause;
                if let (None, Some(sending)) = (&self.waiting, &mut self.sending) {
                    // What moved before does not make this wait longer.
                    sending.has_moved();
                }
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
                while waiting.as_mut().poll(context).is_ready() {
                    if !self.sending.as_mut().is_some_and(Sending::has_moved) {
                        return Poll::Ready(Some(Err(Torn::Timeout)));
                    }
                    waiting.as_mut().reset(tokio::time::Instant::now() + pause);
                }
                return Poll::Pending;
            }
        };
        self.waiting = None;
        Poll::Ready(match frame {
            Some(Ok(mut frame)) => {
                if let Some(fields) = frame.trailers_mut() {
                    trailers::drop_relied_on(fields);
                }
                if self.is_end_stream() {
                    self.give_back();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(Torn::Broken(error))),
            None => {
                self.give_back();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_end_stream(self.lease.as_ref())
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Torn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Torn>>> {
        let this = &mut *self;
        let frame = match &mut this.content {
            Content::Empty => Poll::Ready(None),
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                this.content = Content::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Content::Upstream(body) => body.poll_frame(context),
        };
        crate::listen::offers(frame.is_ready());
        if let (Poll::Ready(Some(frame)), Some(record)) = (&frame, &mut this.record) {
            match frame {
                Ok(frame) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    record.bytes = record.bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                }
                Err(torn) => {
                    record.fault = Some("upstream_broken_body");
                    record.detail = Some(torn.to_string());
                }
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Empty => true,
            Content::Whole(_) => false,
            Content::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Content::Upstream(body) => body.rest.size_hint(body.lease.as_ref()),
        }
    }
}

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::balance::Load;
use crate::listen::Busy;
use crate::listen::http1::Wire;
use crate::observe::Record;
use crate::upstream::timed_io::TimedIo;

/// What becomes of a client's connection that changed to WebSocket: both sides joined. The connection's own task runs it,
/// so that it counts among the open ones and ends with them.
#[derive(Debug)]
pub(crate) struct Tunnel(Box<Upstream>);

/// What the client is to be joined with.
#[derive(Debug)]
struct Upstream {
    io: TimedIo,
    /// What was read of it already.
    first: Bytes,
    pause: Duration,
    lasting: Lasting,
}

/// What lasts as long as the tunnel.
#[derive(Debug)]
pub(crate) struct Lasting {
    pub(crate) record: Option<Box<Record>>,
    pub(crate) busy: Option<Busy>,
    /// Its share of the load of the target.
    pub(crate) load: Option<Load>,
}

impl Tunnel {
    pub(crate) fn new(io: TimedIo, first: Bytes, pause: Duration, lasting: Lasting) -> Self {
        Self(Box::new(Upstream { io, first, pause, lasting }))
    }

    /// Joins both sides until both have ended, one breaks, or nothing moves either way for the pause. A side that ends is
    /// ended on the other, which may go on sending.
    pub(crate) async fn run(self, client: Wire) {
        let Upstream { io, first, pause, lasting } = *self.0;
        join(client, (io, first), pause, lasting).await;
    }
}

async fn join(client: Wire, (upstream, first): (TimedIo, Bytes), pause: Duration, lasting: Lasting) {
    let Lasting { mut record, busy: _busy, load: _load } = lasting;
    let last = Rc::new(Cell::new(Instant::now()));
    let mut client = Watched::new(client, Bytes::new(), &last);
    let mut upstream = Watched::new(upstream, first, &last);
    let copy = tokio::io::copy_bidirectional(&mut client, &mut upstream);
    let silence = async {
        loop {
            let deadline = last.get() + pause;
            if deadline <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    };
    tokio::select! {
        ended = copy => if let Err(error) = ended {
            tracing::debug!(%error, "an upgraded connection broke");
        },
        () = silence => tracing::debug!("an upgraded connection was silent for too long"),
    }
    if let Some(record) = &mut record {
        record.bytes = record.bytes.saturating_add(client.written);
    }
}

/// One side, that notes when it last moved a byte.
struct Watched<S> {
    /// What was read of it already.
    first: Bytes,
    io: S,
    last: Rc<Cell<Instant>>,
    written: u64,
}

impl<S> Watched<S> {
    fn new(io: S, first: Bytes, last: &Rc<Cell<Instant>>) -> Self {
        Self { first, io, last: Rc::clone(last), written: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(buffer.remaining());
            buffer.put_slice(self.first.get(..length).unwrap_or_default());
            self.first.advance(length);
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if read.is_ready() {
            self.last.set(Instant::now());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        if let Poll::Ready(Ok(length)) = &written {
            self.last.set(Instant::now());
            self.written = self.written.saturating_add(u64::try_from(*length).unwrap_or(u64::MAX));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

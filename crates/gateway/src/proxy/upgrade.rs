use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listen::Busy;
use crate::observe::Record;
use crate::upstream::pool::Lease;

/// What becomes of a client's connection that changed to WebSocket: both sides joined. The connection's own task runs it,
/// so that it counts among the open ones and ends with them.
pub(crate) struct Tunnel(Pin<Box<dyn Future<Output = ()>>>);

/// What lasts as long as the tunnel.
#[derive(Debug)]
pub(crate) struct Lasting {
    pub(crate) record: Option<Box<Record>>,
    pub(crate) busy: Option<Busy>,
    /// The connection to the target, whose load it is part of.
    pub(crate) lease: Option<Lease>,
}

impl Tunnel {
    /// Joins both sides until both have ended, one breaks, or nothing moves either way for `pause`. A side that ends is
    /// ended on the other, which may go on sending.
    pub(crate) fn new(client: OnUpgrade, upstream: OnUpgrade, pause: Duration, lasting: Lasting) -> Self {
        Self(Box::pin(join(client, upstream, pause, lasting)))
    }

    pub(crate) async fn run(self) {
        self.0.await;
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tunnel")
    }
}

async fn join(client: OnUpgrade, upstream: OnUpgrade, pause: Duration, lasting: Lasting) {
    let Lasting { mut record, busy: _busy, lease: _lease } = lasting;
    let (Ok(client), Ok(upstream)) = (client.await, upstream.await) else { return };
    let last = Rc::new(Cell::new(Instant::now()));
    let mut client = Watched::new(client, &last);
    let mut upstream = Watched::new(upstream, &last);
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
struct Watched {
    io: TokioIo<Upgraded>,
    last: Rc<Cell<Instant>>,
    written: u64,
}

impl Watched {
    fn new(side: Upgraded, last: &Rc<Cell<Instant>>) -> Self {
        Self { io: TokioIo::new(side), last: Rc::clone(last), written: 0 }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if read.is_ready() {
            self.last.set(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Watched {
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

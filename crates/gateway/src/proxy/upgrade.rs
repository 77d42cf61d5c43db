use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listen::Stay;

/// Joins both sides of a connection that changed to WebSocket, until one side ends or nothing moves either way for
/// `pause`.
pub(crate) fn join(client: OnUpgrade, upstream: OnUpgrade, pause: Duration, stay: Stay) {
    tokio::task::spawn_local(async move {
        let _stay = stay;
        let (Ok(client), Ok(upstream)) = (client.await, upstream.await) else { return };
        let last = Rc::new(std::cell::Cell::new(Instant::now()));
        let mut client = Watched { io: TokioIo::new(client), last: Rc::clone(&last) };
        let mut upstream = Watched { io: TokioIo::new(upstream), last: Rc::clone(&last) };
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
    });
}

/// One side, that notes when it last moved a byte.
struct Watched {
    io: TokioIo<Upgraded>,
    last: Rc<std::cell::Cell<Instant>>,
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
        if written.is_ready() {
            self.last.set(Instant::now());
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

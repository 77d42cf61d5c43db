use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::framing::{Broken, FramingWatch};
use super::linger::Linger;

/// A client's connection, that notes what it is doing.
#[derive(Debug)]
pub(crate) struct ClientIo<S> {
    stream: S,
    activity: Activity,
    /// Only where heads are lines: HTTP/1.
    watch: Option<FramingWatch>,
    /// Whether a body's framing is broken: nothing behind that is read.
    broken: bool,
    linger: Option<Box<Linger>>,
}

impl<S> ClientIo<S> {
    pub(crate) fn new(stream: S, activity: Activity, http1: bool) -> Self {
        if http1 {
            activity.follows_heads();
        }
        Self { stream, activity, watch: http1.then(FramingWatch::new), broken: false, linger: None }
    }

    /// Looks at what was read; how much of it goes on to who reads here.
    fn note_read(&mut self, bytes: &[u8]) -> usize {
        let Some(watch) = self.watch.as_mut().filter(|_| !bytes.is_empty()) else { return bytes.len() };
        if self.activity.is_upgraded() {
            self.watch = None;
            return bytes.len();
        }
        let (heads, broken) = watch.feed(bytes);
        self.activity.read(heads);
        match broken {
            None => bytes.len(),
            Some(Broken { at }) => {
                self.broken = true;
                at
            }
        }
    }

    fn note_write<T>(&self, written: Poll<T>) -> Poll<T> {
        self.activity.wrote(written.is_ready());
        written
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the framing of a body is broken")
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.broken {
            return Poll::Ready(Err(broken()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            let new = buffer.filled().get(before..).unwrap_or_default();
            let (all, kept) = (new.len(), self.note_read(new));
            if kept < all {
                buffer.set_filled(before + kept);
                // Nothing would be the end of the connection.
                if kept == 0 {
                    return Poll::Ready(Err(broken()));
                }
            }
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.note_write(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            if this.watch.is_none() || !this.activity.has_waiting_body() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(|| Box::new(Linger::new()));
        linger.poll(&mut this.stream, context)
    }
}

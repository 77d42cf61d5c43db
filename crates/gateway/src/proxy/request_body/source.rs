use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use crate::listen::http1;

/// Where a streamed body comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Nothing,
    Http1(http1::Body),
    Http2(Incoming),
}

impl Source {
    /// Whether nothing comes of it.
    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(incoming) => incoming.is_end_stream(),
        }
    }

    /// How long it is, as far as that is known.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Nothing => SizeHint::with_exact(0),
            Self::Http1(body) => body.size_hint(),
            Self::Http2(incoming) => incoming.size_hint(),
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, http1::Unreadable>>> {
        match self {
            Self::Nothing => Poll::Ready(None),
            Self::Http1(body) => body.poll_frame(context),
            Self::Http2(incoming) => {
                let frame = match ready!(Pin::new(&mut *incoming).poll_frame(context)) {
                    // hyper takes a stream that the client has given up for one that is at its end.
                    None if !incoming.is_end_stream() => Some(Err(http1::Unreadable)),
                    frame => frame.map(|frame| frame.map_err(|_| http1::Unreadable)),
                };
                Poll::Ready(frame)
            }
        }
    }
}

impl From<Incoming> for Source {
    fn from(incoming: Incoming) -> Self {
        Self::Http2(incoming)
    }
}

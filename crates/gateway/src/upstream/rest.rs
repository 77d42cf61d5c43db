//! What follows the head of a response, from either protocol.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::http1;
use super::pool::Lease;

/// What follows the head of a response.
#[derive(Debug)]
pub(crate) enum Rest {
    /// It is read from the connection, which serves nobody else meanwhile.
    One,
    /// A stream among others.
    Many(Incoming),
}

/// Why an exchange failed, or a response ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("{0}")]
    One(#[from] http1::Failed),
    #[error("{}", with_cause(.0))]
    Many(#[from] hyper::Error),
}

impl Rest {
    /// The next piece of a response's body; `lease` holds the connection that it came on.
    pub(crate) fn poll_frame(
        &mut self,
        lease: Option<&mut Lease>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self {
            Self::One => match lease.and_then(Lease::connection) {
                Some(connection) => {
                    connection.poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(Broken::from)))
                }
                None => Poll::Ready(None),
            },
            Self::Many(incoming) => match ready!(Pin::new(&mut *incoming).poll_frame(context)) {
                // hyper takes some resets for the end.
                None if incoming.size_hint().lower() > 0 => {
                    Poll::Ready(Some(Err(http1::Failed::Torn.into())))
                }
                frame => Poll::Ready(frame.map(|frame| frame.map_err(Broken::from))),
            },
        }
    }

    /// Whether nothing more comes.
    pub(crate) fn is_end_stream(&self, lease: Option<&Lease>) -> bool {
        match self {
            Self::One => lease.and_then(Lease::reading).is_none_or(http1::Connection::is_end_stream),
            Self::Many(incoming) => incoming.is_end_stream(),
        }
    }

    pub(crate) fn size_hint(&self, lease: Option<&Lease>) -> SizeHint {
        match self {
            Self::One => lease
                .and_then(Lease::reading)
                .map_or_else(|| SizeHint::with_exact(0), http1::Connection::size_hint),
            Self::Many(incoming) => incoming.size_hint(),
        }
    }
}

impl Broken {
    /// Whether the upstream took nothing for too long.
    pub(super) fn is_timeout(&self) -> bool {
        let error = match self {
            Self::One(failed) => return failed.is_timeout(),
            Self::Many(error) => error,
        };
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if inner.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
            {
                return true;
            }
            cause = inner.source();
        }
        false
    }
}

/// An error and what caused it.
fn with_cause(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

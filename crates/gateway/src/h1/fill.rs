use std::cell::RefCell;
use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

/// What one read takes at most where no more is known to come.
const SCRATCH: usize = 16 * 1024;
/// What one read takes at most of a body that is known to be long.
const LARGE: usize = 64 * 1024;

thread_local! {
    /// Where reads go first, so that a connection that waits holds no buffer and one that got little holds little.
    static PLACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// Reads once and adds what came to `input`; how much that was, zero at the end. `wanted` bytes are known to come: many of them
/// are read without a copy. While nothing comes, no room is held for it.
pub(crate) fn poll_fill<R: AsyncRead + Unpin>(
    io: &mut R,
    input: &mut BytesMut,
    wanted: u64,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let wanted = usize::try_from(wanted).map_or(LARGE, |wanted| wanted.min(LARGE));
    if wanted > SCRATCH {
        input.reserve(wanted);
        let mut space = bytes::BufMut::limit(&mut *input, wanted);
        let Poll::Ready(read) = pin!(io.read_buf(&mut space)).poll(context) else {
            if input.is_empty() {
                *input = BytesMut::new();
            }
            return Poll::Pending;
        };
        let read = read?;
        if input.len() < SCRATCH {
            // A piece keeps all the memory that it lies in, and pieces may wait in great number.
            *input = BytesMut::from(&input[..]);
        }
        return Poll::Ready(Ok(read));
    }
    PLACE.with_borrow_mut(|place| {
        let mut read = ReadBuf::new(place);
        ready!(Pin::new(io).poll_read(context, &mut read))?;
        input.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
}

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a client may go on sending after its answer: nginx's `lingering_time`.
const WHOLE: Duration = Duration::from_secs(30);
/// How long it may pause in that: nginx's `lingering_timeout`.
const PAUSE: Duration = Duration::from_secs(5);

/// Reads and throws away what a client still sends of a body that nobody wants, after the answer and its end are out.
///
/// Closing at once would make the system answer those bytes with a reset, and the client may then never see its answer.
#[derive(Debug)]
pub(crate) struct Linger {
    end: Instant,
    pause: Pin<Box<Sleep>>,
}

impl Linger {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { end: now + WHOLE, pause: Box::pin(tokio::time::sleep_until(now + PAUSE)) }
    }

    /// Ready when the client has ended, or has had its time.
    pub(crate) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [std::mem::MaybeUninit::uninit(); 16 * 1024];
        loop {
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let next = Instant::now() + PAUSE;
                    if next > self.end + PAUSE {
                        return Poll::Ready(Ok(()));
                    }
                    self.pause.as_mut().reset(next.min(self.end));
                }
                // Its end, or a break: either way nothing more comes.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(self.pause.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

//! One request on a connection, and the head of its response.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use tokio::time::Instant;

use super::http1;
use super::pool::{Link, Sender};
use super::rest::{Broken, Rest};
use crate::proxy::request_body::{Progress, RequestBody};

/// Why one attempt failed.
pub(super) enum Lost {
    /// Nothing of the request was written; here is its body.
    Unsent(Box<RequestBody>, Broken),
    /// Whether nothing was written all the same.
    Failed(Broken, bool),
    Timeout,
}

/// One request and the head of its response. The time to read runs from when the request is out.
pub(super) async fn exchange(
    link: &mut Link,
    parts: &Parts,
    body: RequestBody,
    progress: Option<&Progress>,
    read_timeout: Duration,
) -> Result<Response<Rest>, Lost> {
    match &mut link.sender {
        Sender::One(connection) => {
            connection.begin(parts, body);
            let out = Cell::new(false);
            let answer = |context: &mut Context<'_>| {
                let answer = poll_answer(connection, context);
                out.set(connection.is_sent());
                answer
            };
            // The time to write, and the client's own, bound how long it is on its way.
            let head = in_time(answer, || out.get(), || None, || false, read_timeout).await?;
            Ok(Response::from_parts(head, Rest::One))
        }
        Sender::Many(sender) => {
            let request = Request::from_parts(parts.clone(), body);
            let mut answer = pin!(sender.try_send_request(request));
            let answer = |context: &mut Context<'_>| {
                answer.as_mut().poll(context).map_err(|mut failed| match failed.take_message() {
                    Some(unsent) => Lost::Unsent(Box::new(unsent.into_body()), failed.into_error().into()),
                    None => Lost::Failed(failed.into_error().into(), false),
                })
            };
            // Another task sends the body; nobody is woken when it has.
            let out = || progress.is_none_or(Progress::is_over);
            let ended = || progress.and_then(Progress::ended);
            let mut moved = 0;
            // An upstream that takes nothing of a body is not waited for because there is more of it.
            let stalls = || {
                let before = std::mem::replace(&mut moved, progress.map_or(0, Progress::moved));
                before == moved && !progress.is_some_and(Progress::waits)
            };
            Ok(in_time(answer, out, ended, stalls, read_timeout).await?.map(Rest::Many))
        }
    }
}

/// Sends what there is to send, and reads the head of the response. An upstream may have answered before it stopped reading.
fn poll_answer(
    connection: &mut http1::Connection,
    context: &mut Context<'_>,
) -> Poll<Result<http::response::Parts, Lost>> {
    let mut stopped = None;
    if let Poll::Ready(Err(failed)) = connection.poll_send(context) {
        if failed.is_of_request() || failed.is_timeout() || !connection.has_begun() {
            return Poll::Ready(Err(Lost::Failed(failed.into(), !connection.has_begun())));
        }
        connection.stop_sending();
        stopped = Some(failed);
    }
    let head = ready!(connection.poll_head(context));
    Poll::Ready(head.map_err(|failed| Lost::Failed(stopped.unwrap_or(failed).into(), false)))
}

/// Waits for an answer as long as the time to read allows, which runs from when the request is `out`, or from when it `ended`, where
/// that was noted. As long as it is not, each such time must find that it does not stand still.
async fn in_time<T>(
    mut answer: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Lost>>,
    out: impl Fn() -> bool,
    ended: impl Fn() -> Option<Instant>,
    mut stalls: impl FnMut() -> bool,
    read_timeout: Duration,
) -> Result<T, Lost> {
    let mut patience = pin!(tokio::time::sleep(read_timeout));
    let mut sending = false;
    poll_fn(|context| {
        if let Poll::Ready(answer) = answer(context) {
            return Poll::Ready(answer);
        }
        let was_sending = std::mem::replace(&mut sending, !out());
        if was_sending && !sending {
            patience.as_mut().reset(ended().unwrap_or_else(Instant::now) + read_timeout);
        }
        while patience.as_mut().poll(context).is_ready() {
            if !sending || stalls() {
                return Poll::Ready(Err(Lost::Timeout));
            }
            patience.as_mut().reset(Instant::now() + read_timeout);
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits for a request that is out when it is looked at for the `out`th time, and answered at the `answered`th; whether the answer
    /// came, and how often it was looked at. Nothing but time that has run out makes anyone look again.
    async fn wait(out: u32, answered: u32, stalls: bool) -> (bool, u32) {
        let looks = Cell::new(0);
        let answer = |_: &mut Context<'_>| {
            looks.set(looks.get() + 1);
            if looks.get() == answered { Poll::Ready(Ok(())) } else { Poll::Pending }
        };
        let waited =
            in_time(answer, || looks.get() >= out, || None, || stalls, Duration::from_millis(1)).await;
        (waited.is_ok(), looks.get())
    }

    #[tokio::test]
    async fn the_time_to_read_runs_from_when_the_request_is_out() {
        assert_eq!(wait(1, 3, false).await, (false, 2));
        assert_eq!(wait(5, 5, false).await, (true, 5));
        let (answered, looks) = wait(5, 8, false).await;
        // On a busy machine the time that begins with the fifth look may be over in it.
        assert!(!answered && (5..=6).contains(&looks), "{looks}");
        // A request may be answered before it is out.
        assert_eq!(wait(5, 4, false).await, (true, 4));
    }

    #[tokio::test]
    async fn the_time_to_read_counts_that_passed_before_anybody_saw_that_the_request_was_out() {
        let start = Instant::now();
        let looks = Cell::new(0);
        let answer = |_: &mut Context<'_>| -> Poll<Result<(), Lost>> {
            looks.set(looks.get() + 1);
            Poll::Pending
        };
        let time = Duration::from_millis(1);
        let waited = in_time(answer, || looks.get() >= 2, || Some(start), || false, time).await;
        assert!(matches!(waited, Err(Lost::Timeout)));
        assert_eq!(looks.get(), 2);
    }

    #[tokio::test]
    async fn a_request_that_stands_still_on_its_way_is_given_up() {
        assert_eq!(wait(5, 5, true).await, (false, 2));
    }
}

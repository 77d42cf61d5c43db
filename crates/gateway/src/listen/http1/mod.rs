//! HTTP/1 with clients: one request after the other on a connection, read strictly, answered in one write where that can be.
//!
//! A connection that waits for a request holds no buffer and no request's state.

mod answer;
mod body;
mod date;
pub(crate) mod head;
mod sending;
mod wire;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::{Method, Response, StatusCode, Version};

use self::answer::Asked;
pub(crate) use self::body::{Body, Decoder, Unreadable};
use self::head::{BadHead, HeadBounds, HeadReader, RequestHead};
use self::sending::{Cut, Sending};
use self::wire::NoHead;
pub(crate) use self::wire::{SHORT, Wire};
use super::client_io::ClientIo;
use super::linger::Linger;
use super::worker::{Client, Seat, Worker};
use crate::proxy;
use crate::proxy::request_body::Source;
use crate::proxy::response_body::ResponseBody;

/// What follows on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Another request.
    Request,
    /// Nothing; `lingers`: the client may be sending still.
    End { lingers: bool },
    /// Nothing, not even a proper end.
    Cut,
    /// Another protocol.
    Tunnel,
}

/// A connection that is served. With that, it is closed: a body that an upstream's HTTP/2 stream still reads would keep it.
struct Open(Wire);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(seat: Seat, client: Rc<Client>, io: ClientIo) {
    let open = Open(Wire::new(io));
    let wire = &open.0;
    remember(&seat).await;
    loop {
        match turn(&seat, &client, wire).await {
            Next::Request => {}
            Next::End { lingers } => return end(wire, lingers).await,
            Next::Cut => return,
            Next::Tunnel => {
                if let Some(tunnel) = client.tunnel.take() {
                    Box::pin(tunnel.run(wire.clone())).await;
                }
                return;
            }
        }
    }
}

/// Has this task woken when the worker stops. A task's waker stays the same; a task moves to no other.
async fn remember(seat: &Seat) {
    poll_fn(|context| {
        seat.remember(context.waker());
        Poll::Ready(())
    })
    .await;
}

/// One request and its answer.
async fn turn(seat: &Seat, client: &Rc<Client>, wire: &Wire) -> Next {
    let worker = seat.worker();
    let mut answering = match next_head(worker, client, wire).await {
        Ok(head) => Answering::begin(worker, client, wire, head),
        Err(None) => return Next::End { lingers: false },
        Err(Some(bad)) => {
            let asked = Asked { version: Version::HTTP_11, head_only: false, keeps: false };
            let response = proxy::unreadable(worker, client, bad);
            Answering { asked, in_doubt: true, step: Step::sending(worker, response, asked, &[]) }
        }
    };
    poll_fn(|context| answering.poll(worker, wire, context)).await
}

/// The next head; `None`: there is none, because the client or the worker has come to its end.
async fn next_head(worker: &Worker, client: &Client, wire: &Wire) -> Result<RequestHead, Option<BadHead>> {
    let limits = &worker.settings.limits;
    // Beyond what is refused with an explanation, there is no reading on.
    let bounds =
        HeadBounds { bytes: limits.max_head_bytes.max(4096).saturating_mul(2), fields: limits.max_fields };
    let mut reader = HeadReader::default();
    poll_fn(|context| {
        let head = wire.poll_head(&mut reader, bounds, context);
        // Whoever connected just before the stop did so for a request, which may still be on its way.
        if head.is_pending() && worker.is_stopping() && !client.activity.is_unused() && !wire.has_input() {
            return Poll::Ready(Err(None));
        }
        head.map_err(|none| match none {
            NoHead::Ended => None,
            NoHead::Bad(bad) => Some(bad),
        })
    })
    .await
}

/// A request from its head to the end of its answer.
struct Answering {
    asked: Asked,
    in_doubt: bool,
    step: Step,
}

enum Step {
    /// The answer is being made. In a box, so that a connection that waits does not carry its size.
    Serving(Pin<Box<dyn Future<Output = Response<ResponseBody>>>>),
    Sending(Sending, StatusCode),
    /// The answer is out; the body of the request may not be.
    Settling,
}

impl Answering {
    fn begin(worker: &Rc<Worker>, client: &Rc<Client>, wire: &Wire, head: RequestHead) -> Self {
        let RequestHead { parts, length, in_doubt, keeps, expects } = head;
        let asked = Asked { version: parts.version, head_only: parts.method == Method::HEAD, keeps };
        let body = wire.body(length, expects).map_or(Source::Nothing, Source::Http1);
        // Made in its place, and not copied there: it is large.
        let serving = Box::write(
            Box::new_uninit(),
            proxy::serve(Rc::clone(worker), Rc::clone(client), parts, body, in_doubt),
        );
        Self { asked, in_doubt, step: Step::Serving(Box::into_pin(serving)) }
    }

    fn poll(&mut self, worker: &Worker, wire: &Wire, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            match &mut self.step {
                Step::Serving(serving) => match serving.as_mut().poll(context) {
                    Poll::Ready(response) => {
                        let (goes_on, first) = wire.answers();
                        // Who did not send its body in time is not waited for a second time.
                        let late = response.status() == StatusCode::REQUEST_TIMEOUT && !wire.is_read();
                        let keeps = goes_on && !late && self.asked.keeps && !worker.is_stopping();
                        self.step = Step::sending(worker, response, Asked { keeps, ..self.asked }, first);
                    }
                    Poll::Pending => return wire.poll_gone(context).map(|()| Next::Cut),
                },
                Step::Sending(sending, status) => match sending.poll(wire, context) {
                    Poll::Ready(Ok(_)) if *status == StatusCode::SWITCHING_PROTOCOLS => {
                        return Poll::Ready(if wire.is_read() { Next::Tunnel } else { Next::Cut });
                    }
                    Poll::Ready(Ok(true)) => self.step = Step::Settling,
                    Poll::Ready(Ok(false)) => {
                        let lingers = self.in_doubt || wire.has_unread();
                        return Poll::Ready(Next::End { lingers });
                    }
                    Poll::Ready(Err(Cut::Client | Cut::Body)) => return Poll::Ready(Next::Cut),
                    Poll::Pending => return Poll::Pending,
                },
                Step::Settling => {
                    return wire
                        .poll_settled(context)
                        .map(|settled| if settled { Next::Request } else { Next::End { lingers: true } });
                }
            }
        }
    }
}

impl Step {
    /// The answer, behind what has to be written `first`.
    fn sending(worker: &Worker, response: Response<ResponseBody>, asked: Asked, first: &[u8]) -> Self {
        let status = response.status();
        Self::Sending(Sending::new(response, asked, &date::of(worker.ticks.now()), first), status)
    }
}

/// Ends the connection. A client that may be sending still is read from for a while, so that it sees the answer.
async fn end(wire: &Wire, lingers: bool) {
    // One task reads the socket.
    wire.take_back();
    if poll_fn(|context| wire.poll_shutdown(context)).await.is_ok() && lingers {
        let mut linger = Box::new(Linger::new());
        let _ = poll_fn(|context| wire.poll_linger(&mut linger, context)).await;
    }
}

#[cfg(test)]
mod tests;

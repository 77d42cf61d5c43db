use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use keybound_plugins::fault::{Fault, UpstreamFault};
use tokio::time::Instant;

use super::course::{Course, Stop};
use super::pool::{Lease, Link, Pool, PoolKey, Sender};
use super::{Upstream, connect, http1};
use crate::proxy::request_body::{Progress, RequestBody};
use crate::snapshot::ServiceEntry;

/// What one worker has to reach upstreams.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) pool: Rc<Pool>,
}

/// A request ready to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    /// The client's host, where the upstream is told that instead of its own.
    pub(crate) kept_host: Option<KeptHost>,
    /// What decides about the target, where that depends on the request.
    pub(crate) hash: Option<u64>,
}

/// The client's host: as a field, and as the name for SNI and the certificate.
#[derive(Debug)]
pub(crate) struct KeptHost {
    pub(crate) field: HeaderValue,
    pub(crate) name: Arc<str>,
}

/// The head of a response, and the connection that its body comes from.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response<Rest>,
    pub(crate) lease: Lease,
    /// How far the request's body is, where it is streamed.
    pub(crate) progress: Option<Arc<Progress>>,
}

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

/// Why no attempt brought a response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
}

/// Why one attempt failed.
enum Lost {
    /// Nothing of the request was written; here is its body.
    Unsent(Box<RequestBody>, Broken),
    /// Whether nothing was written all the same.
    Failed(Broken, bool),
    Timeout,
}

impl Reach {
    /// Sends a request and waits for the head of the response: as many attempts as the service's retries allow.
    ///
    /// A failure to connect, a break and a timeout before the response are tried again, as nginx does; not when
    /// something was sent of a request that is not idempotent (POST, PATCH, LOCK) or whose body was streamed. An
    /// idle connection that the upstream had closed does not count as an attempt. Where there are several targets, each
    /// attempt goes to another.
    ///
    /// # Errors
    /// [`Failure`] of the last attempt: the fault by Kong's table (503 no address, 502 refused, reset or invalid,
    /// 504 timeout), or the client's own fault when its body broke off.
    pub(crate) async fn send(&self, service: &ServiceEntry, outgoing: Outgoing) -> Result<Answered, Failure> {
        let Outgoing { method, target, headers, mut body, kept_host, hash } = outgoing;
        let upstream = &service.upstream;
        let idempotent = !matches!(method.as_str(), "POST" | "PATCH" | "LOCK");
        let progress = body.progress();
        let mut parts = Request::new(()).into_parts().0;
        (parts.method, parts.uri, parts.headers) = (method, target, headers);

        let mut tries = u64::from(service.retries) + 1;
        let mut course = Course::new(upstream, hash);
        let mut stop = course.next().await?;
        let mut fresh = false;
        loop {
            tries = tries.saturating_sub(1);
            let key = key(upstream, &stop, kept_host.as_ref());
            address(&mut parts, upstream, &stop, kept_host.as_ref());
            let pooled = if fresh { None } else { self.pool.take(&key) };
            let reused = pooled.is_some();
            let mut link = match pooled {
                Some(link) => link,
                None => match connect::open(&key, service.connect_timeout).await {
                    Ok(link) => {
                        self.pool.share(&key, &link);
                        link
                    }
                    Err(error) => {
                        stop.unreached(&error);
                        if tries == 0 {
                            return Err(cannot_connect(&key, &error));
                        }
                        stop = course.next().await?;
                        continue;
                    }
                },
            };
            link.write_timeout.set(service.write_timeout);
            link.served = link.served.saturating_add(1);
            let spare = body.again();
            let lost =
                match exchange(&mut link, &parts, body, progress.as_deref(), service.read_timeout).await {
                    Ok(response) => {
                        stop.answered(response.status());
                        if let Some(progress) = &progress {
                            progress.answered();
                        }
                        let lease = Lease { link, key, pool: Rc::clone(&self.pool), load: stop.into_load() };
                        return Ok(Answered { response, lease, progress });
                    }
                    Err(lost) => lost,
                };
            if matches!(lost, Lost::Timeout) {
                // Its other side may be gone without a word: nobody else is to wait for that.
                self.pool.forget(&key, &link);
            }
            let fault = progress.as_ref().and_then(|progress| progress.fault());
            // Time that passed is no sign that the connection was closed before.
            let late = match &lost {
                Lost::Timeout => true,
                Lost::Failed(error, _) | Lost::Unsent(_, error) => error.is_timeout(),
            };
            let free = reused && !fresh && !late;
            let (next, failure) = match lost {
                Lost::Unsent(unsent, error) => (Some(*unsent), broken(&key, &error)),
                Lost::Failed(error, unsent) => (spare.filter(|_| unsent || idempotent), broken(&key, &error)),
                Lost::Timeout => (spare.filter(|_| idempotent), timeout(&key, "no response")),
            };
            if let Some(fault) = fault {
                return Err(Failure { fault: fault.into(), detail: failure.detail });
            }
            if !free {
                stop.failed(failure.fault == UpstreamFault::Timeout.into());
            }
            match next {
                Some(next) if free || tries > 0 => body = next,
                _ => return Err(failure),
            }
            if free {
                tries += 1;
                fresh = true;
            } else {
                stop = course.next().await?;
                fresh = !stop.is_target();
            }
        }
    }
}

fn key(upstream: &Upstream, stop: &Stop<'_>, kept_host: Option<&KeptHost>) -> PoolKey {
    let tls = upstream.tls.as_ref().map(|identity| {
        let name = kept_host.map_or(&stop.endpoint().name, |kept| &kept.name);
        (Arc::clone(name), Arc::clone(identity))
    });
    PoolKey { address: stop.address, tls, http2: upstream.http2 }
}

/// Addresses a request to a place: `Host` where there are several to choose from, and for HTTP/2 the authority and no
/// fields of a connection.
fn address(request: &mut Parts, upstream: &Upstream, stop: &Stop<'_>, kept_host: Option<&KeptHost>) {
    let tls = upstream.tls.is_some();
    if !upstream.http2 {
        if stop.is_target() && kept_host.is_none() {
            request.headers.insert(header::HOST, stop.endpoint().host_field(tls).clone());
        }
        return;
    }
    let host = kept_host.map_or_else(|| stop.endpoint().host_field(tls), |kept| &kept.field);
    let mut parts = std::mem::take(&mut request.uri).into_parts();
    parts.scheme = Some(if tls { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Authority::try_from(host.as_bytes()).ok();
    // Host fields were found in order before; the empty target that is left otherwise is refused when it is sent.
    request.uri = Uri::from_parts(parts).unwrap_or_default();
    request.headers.remove(header::HOST);
    request.headers.remove(header::CONNECTION);
}

/// One request and the head of its response. The time to read runs from when the request is out.
async fn exchange(
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
            let head = in_time(answer, || out.get(), || false, read_timeout).await?;
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
            let out = || progress.is_none_or(Progress::is_over);
            let mut moved = 0;
            // An upstream that takes nothing of a body is not waited for because there is more of it.
            let stalls = || {
                let before = std::mem::replace(&mut moved, progress.map_or(0, Progress::moved));
                before == moved && !progress.is_some_and(Progress::waits)
            };
            Ok(in_time(answer, out, stalls, read_timeout).await?.map(Rest::Many))
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

/// Waits for an answer as long as the time to read allows, which runs from when the request is `out`. As long as it is not, each such
/// time must find that it does not stand still.
async fn in_time<T>(
    mut answer: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Lost>>,
    out: impl Fn() -> bool,
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
            patience.as_mut().reset(Instant::now() + read_timeout);
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

/// An error and what caused it.
fn with_cause(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn cannot_connect(key: &PoolKey, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::TimedOut {
        return timeout(key, "no connection");
    }
    Failure {
        fault: UpstreamFault::InvalidResponse.into(),
        detail: format!("{}: cannot connect: {error}", key.address),
    }
}

fn broken(key: &PoolKey, error: &Broken) -> Failure {
    if error.is_timeout() {
        return timeout(key, "the request could not be written");
    }
    Failure { fault: UpstreamFault::InvalidResponse.into(), detail: format!("{}: {error}", key.address) }
}

impl Broken {
    /// Whether the upstream took nothing for too long.
    fn is_timeout(&self) -> bool {
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

fn timeout(key: &PoolKey, what: &str) -> Failure {
    Failure { fault: UpstreamFault::Timeout.into(), detail: format!("{}: {what} in time", key.address) }
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
        let waited = in_time(answer, || looks.get() >= out, || stalls, Duration::from_millis(1)).await;
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
    async fn a_request_that_stands_still_on_its_way_is_given_up() {
        assert_eq!(wait(5, 5, true).await, (false, 2));
    }
}

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use keybound_plugins::fault::{Fault, UpstreamFault};

use super::connect;
use super::pool::{Lease, Link, Pool, PoolKey};
use super::resolve::Resolver;
use super::tls::ClientTls;
use crate::proxy::request_body::{Progress, RequestBody};
use crate::snapshot::ServiceEntry;

/// What one worker has to reach upstreams.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) pool: Rc<Pool>,
    pub(crate) resolver: Rc<Resolver>,
    pub(crate) tls: ClientTls,
    /// Whether certificates are verified when the service does not say.
    pub(crate) verify_by_default: bool,
}

/// A request ready to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    /// The name for SNI and the certificate when it is not the service's.
    pub(crate) tls_name: Option<Arc<str>>,
}

/// The head of a response, and the connection that its body comes from.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
}

/// Why no attempt brought a response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
}

/// Why one attempt failed, and what is left to try again with.
enum Lost {
    /// Nothing of the request was written; here it is.
    Unsent(Box<Request<RequestBody>>, hyper::Error),
    Failed(hyper::Error),
    Timeout,
}

impl Reach {
    /// Sends a request and waits for the head of the response: as many attempts as the service's retries allow.
    ///
    /// A failure to connect, a break and a timeout before the response are tried again, as nginx does; not when
    /// something was sent of a request that is not idempotent (POST, PATCH, LOCK) or whose body was streamed. An
    /// idle connection that the upstream had closed does not count as an attempt.
    ///
    /// # Errors
    /// [`Failure`] of the last attempt: the fault by Kong's table (503 no address, 502 refused, reset or invalid,
    /// 504 timeout), or the client's own fault when its body broke off.
    pub(crate) async fn send(&self, service: &ServiceEntry, outgoing: Outgoing) -> Result<Answered, Failure> {
        let Outgoing { method, target, headers, mut body, tls_name } = outgoing;
        let idempotent = !matches!(method.as_str(), "POST" | "PATCH" | "LOCK");
        let progress = body.progress();
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = target;
        *request.headers_mut() = headers;

        let mut tries = u64::from(service.retries) + 1;
        let mut fresh = false;
        loop {
            tries = tries.saturating_sub(1);
            let key = self.key(service, tls_name.as_ref()).await?;
            let pooled = if fresh { None } else { self.pool.take(&key) };
            let reused = pooled.is_some();
            let mut link = match pooled {
                Some(link) => link,
                None => match connect::open(&key, &self.tls, service.connect_timeout).await {
                    Ok(link) => link,
                    Err(_) if tries > 0 => continue,
                    Err(error) => return Err(cannot_connect(&key, &error)),
                },
            };
            link.write_timeout.set(service.write_timeout);
            link.served = link.served.saturating_add(1);
            let spare = if idempotent { again(&request) } else { None };
            let lost = match exchange(&mut link, request, progress.as_deref(), service.read_timeout).await {
                Ok(response) => {
                    return Ok(Answered {
                        response,
                        lease: Lease { link, key, pool: Rc::clone(&self.pool) },
                    });
                }
                Err(lost) => lost,
            };
            let fault = progress.as_ref().and_then(|progress| progress.fault());
            let free = reused && !fresh;
            let (next, failure) = match lost {
                Lost::Unsent(unsent, error) => (Some(*unsent), broken(&key, &error)),
                Lost::Failed(error) => (spare, broken(&key, &error)),
                Lost::Timeout => (spare, timeout(&key, "no response")),
            };
            if let Some(fault) = fault {
                return Err(Failure { fault: fault.into(), detail: failure.detail });
            }
            match next {
                Some(next) if free || tries > 0 => request = next,
                _ => return Err(failure),
            }
            if free {
                tries += 1;
                fresh = true;
            }
        }
    }

    async fn key(&self, service: &ServiceEntry, tls_name: Option<&Arc<str>>) -> Result<PoolKey, Failure> {
        let upstream = &service.upstream;
        let address = self.resolver.next_address(&upstream.host, upstream.port).await;
        let address = address.map_err(|reason| Failure {
            fault: UpstreamFault::NameResolution.into(),
            detail: format!("{:?}: {reason}", upstream.host_field),
        })?;
        let tls = upstream.tls.as_ref().map(|tls| {
            (Arc::clone(tls_name.unwrap_or(&tls.name)), tls.verify.unwrap_or(self.verify_by_default))
        });
        Ok(PoolKey { address, tls })
    }
}

/// One request and the head of its response. The time to read runs from when the request is out.
async fn exchange(
    link: &mut Link,
    request: Request<RequestBody>,
    progress: Option<&Progress>,
    read_timeout: Duration,
) -> Result<Response<Incoming>, Lost> {
    let mut answer = pin!(link.sender.try_send_request(request));
    let mut patience = pin!(tokio::time::sleep(read_timeout));
    let mut sending = progress.is_some();
    poll_fn(|context| {
        if let Poll::Ready(answer) = answer.as_mut().poll(context) {
            return Poll::Ready(answer.map_err(|mut failed| match failed.take_message() {
                Some(unsent) => Lost::Unsent(Box::new(unsent), failed.into_error()),
                None => Lost::Failed(failed.into_error()),
            }));
        }
        while patience.as_mut().poll(context).is_ready() {
            if !sending {
                return Poll::Ready(Err(Lost::Timeout));
            }
            sending = progress.is_some_and(|progress| !progress.is_over());
            patience.as_mut().reset(tokio::time::Instant::now() + read_timeout);
        }
        Poll::Pending
    })
    .await
}

/// The request once more, when its body is there as a whole.
fn again(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let mut copy = Request::new(request.body().again()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
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

fn broken(key: &PoolKey, error: &hyper::Error) -> Failure {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return timeout(key, "the request could not be written");
        }
        cause = inner.source();
    }
    let reason = match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    Failure { fault: UpstreamFault::InvalidResponse.into(), detail: format!("{}: {reason}", key.address) }
}

fn timeout(key: &PoolKey, what: &str) -> Failure {
    Failure { fault: UpstreamFault::Timeout.into(), detail: format!("{}: {what} in time", key.address) }
}

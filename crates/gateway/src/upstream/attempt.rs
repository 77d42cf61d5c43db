use std::io;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, Request, Response, Uri};
use keybound_plugins::fault::{Fault, UpstreamFault};

use super::course::{Course, Stop};
use super::exchange::{Lost, exchange};
use super::pool::{Lease, Pool, PoolKey};
use super::rest::{Broken, Rest};
use super::{Upstream, connect};
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
    /// How far the request's body is, where it has one.
    pub(crate) progress: Option<Arc<Progress>>,
}

/// Why no attempt brought a response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
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
            let progress = body.progress();
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

fn timeout(key: &PoolKey, what: &str) -> Failure {
    Failure { fault: UpstreamFault::Timeout.into(), detail: format!("{}: {what} in time", key.address) }
}

//! The client: what every call to a provider has in common.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use keybound_pop::time::Clock;
use reqwest::{Client, RequestBuilder, Url, redirect};
use tokio::runtime::Handle;

use super::answer::retry_after;
use super::{Answer, Proxies, SetupFault, TrustRoots, tls};
use crate::calls::CallCounts;
use crate::client::ClientIdentity;
use crate::fault::Cause;

/// How much of an answer nobody looks at is read.
const MAX_UNREAD: usize = 64 * 1024;

/// How calls to a provider are made.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The authorities that providers' certificates are checked against.
    pub roots: TrustRoots,
    /// Whether certificates are checked at all (`ssl_verify`).
    pub verify: bool,
    /// The time for a whole call, connecting and reading included (`timeout`, there in milliseconds).
    pub timeout: Duration,
    /// Whether connections are kept for later calls (`keepalive`).
    pub keepalive: bool,
    /// The certificate that is shown to a provider that asks for one (`tls_client_auth_cert_id`).
    pub identity: Option<ClientIdentity>,
    /// The proxies that calls go through.
    pub proxies: Proxies,
    /// Whether requests are HTTP/1.0 (`http_version`).
    pub http_1_0: bool,
    /// Where calls are counted.
    pub calls: Arc<CallCounts>,
}

impl HttpSettings {
    /// These authorities, certificates checked, ten seconds, connections kept; no certificate of our own and no proxy.
    #[must_use]
    pub fn new(roots: TrustRoots) -> Self {
        Self {
            roots,
            verify: true,
            timeout: Duration::from_secs(10),
            keepalive: true,
            identity: None,
            proxies: Proxies::default(),
            http_1_0: false,
            calls: Arc::default(),
        }
    }
}

/// What somebody who takes messages answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The status.
    pub status: StatusCode,
    /// How long to wait before the next message (`Retry-After`), at least a second and at most a day.
    pub retry_after: Option<Duration>,
}

/// A client for provider calls. Cheap to clone.
///
/// It follows no redirect: a provider that answers with one is at fault. It takes no proxy but the configured ones, asks
/// for no compression, and reads no more of an answer than the call allows, whatever the answer's length field says.
/// The calls of this crate run on the runtime given here, so that a request that is given up does not end a call that
/// others wait for.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
    version: Version,
    runtime: Handle,
    calls: Arc<CallCounts>,
}

impl HttpClient {
    /// Makes a client. Connects to nothing.
    ///
    /// # Errors
    /// [`SetupFault::Identity`] for a certificate and a key that do not belong together, [`SetupFault::Proxy`], and
    /// [`SetupFault::Tls`] or [`SetupFault::Client`] when a library refuses the settings.
    pub fn new(settings: &HttpSettings, runtime: Handle) -> Result<Self, SetupFault> {
        let tls = tls::client_config(&settings.roots, settings.verify, settings.identity.as_ref())?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("keybound/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout);
        if !settings.keepalive {
            builder = builder.pool_max_idle_per_host(0);
        }
        for proxy in settings.proxies.made()? {
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|fault| SetupFault::Client(fault.to_string()))?;
        let version = if settings.http_1_0 { Version::HTTP_10 } else { Version::HTTP_11 };
        Ok(Self { client, version, runtime, calls: Arc::clone(&settings.calls) })
    }

    /// Where calls run.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Where calls are counted.
    pub(crate) fn calls(&self) -> &CallCounts {
        &self.calls
    }

    /// Sends a message to somebody who only takes it: a log server. Of the answer nothing is read but the status, and how long it asks
    /// to wait.
    ///
    /// # Errors
    /// [`Cause`]: nobody there, TLS, out of time, or an answer that is not HTTP.
    pub async fn deliver(
        &self,
        method: Method,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
        clock: &dyn Clock,
    ) -> Result<Delivered, Cause> {
        let request =
            with_headers(self.client.request(method, url.clone()).version(self.version).body(body), headers);
        let response = request.send().await.map_err(|fault| cause_of(&fault))?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), clock.now()).map(Duration::from_secs);
        // Read, so that the connection can be used again; what it says does not matter.
        let _ = Answer::read(response, MAX_UNREAD).await;
        Ok(Delivered { status, retry_after })
    }

    /// GET of a JSON document of at most `limit` bytes.
    pub(crate) async fn get(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        limit: usize,
    ) -> Result<Answer, Cause> {
        let request = self.client.get(url.clone()).version(self.version).header(ACCEPT, "application/json");
        send(with_headers(request, headers), limit).await
    }

    /// GET of bytes of any kind, at most `limit` of them.
    pub(crate) async fn fetch(&self, url: &Url, limit: usize) -> Result<Bytes, Cause> {
        body(send(self.client.get(url.clone()), limit).await?)
    }

    /// POST of bytes of this type, for an answer of at most `limit` bytes.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        content_type: &'static str,
        question: Bytes,
        limit: usize,
    ) -> Result<Bytes, Cause> {
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, content_type).body(question);
        body(send(request, limit).await?)
    }

    /// POST of a form, for an answer of the media type `accept` and at most `limit` bytes.
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        form: Bytes,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, Cause> {
        let request = self
            .client
            .post(url.clone())
            .version(self.version)
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        send(with_headers(request, headers), limit).await
    }
}

/// The body of an answer that is one.
fn body(answer: Answer) -> Result<Bytes, Cause> {
    match answer.status {
        StatusCode::OK => Ok(answer.body),
        status => Err(Cause::Status { status: status.as_u16(), retry_after: None }),
    }
}

fn with_headers(request: RequestBuilder, headers: &[(HeaderName, HeaderValue)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

async fn send(request: RequestBuilder, limit: usize) -> Result<Answer, Cause> {
    let response = request.send().await.map_err(|fault| cause_of(&fault))?;
    Answer::read(response, limit).await
}

/// Sorts a failure of the HTTP library: out of time, TLS, nobody there, or an answer that is not HTTP.
pub(super) fn cause_of(fault: &reqwest::Error) -> Cause {
    if fault.is_timeout() {
        return Cause::Timeout;
    }
    if is_tls(fault) {
        return Cause::Tls;
    }
    if fault.is_connect() { Cause::Unreachable } else { Cause::BrokenAnswer }
}

/// Whether a TLS error is behind an error. One that an I/O error carries is not among its sources and is looked for
/// inside.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => is_tls(inner),
        None => error.source().is_some_and(is_tls),
    }
}

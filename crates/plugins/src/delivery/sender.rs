use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method};
use keybound_oidc::{HttpClient, HttpSettings, Url};

use crate::environment::Environment;
use crate::typed::is_framing;

/// Where messages go, and how.
pub(crate) struct Target {
    /// Who takes them, for the log.
    pub(crate) taker: &'static str,
    /// The field of the configuration that holds the URL.
    pub(crate) field: &'static str,
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) content_type: String,
    /// Milliseconds for a call.
    pub(crate) timeout: f64,
    pub(crate) keepalive: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Sends messages.
pub(crate) struct Sender {
    taker: &'static str,
    client: HttpClient,
    url: Url,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Sender {
    pub(crate) fn new(target: Target, environment: &Environment) -> Result<Self, String> {
        let url = Url::parse(&target.url).map_err(|_| format!("{}: invalid url", target.field))?;
        let mut headers = Vec::new();
        for (name, value) in target.headers {
            let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "headers: bad header name")?;
            let mut value = HeaderValue::from_str(&value).map_err(|_| "headers: bad header value")?;
            value.set_sensitive(true);
            if is_framing(&field) || field == HOST || field == CONTENT_LENGTH || field == CONTENT_TYPE {
                return Err(format!("headers: cannot contain '{name}' header"));
            }
            headers.push((field, value));
        }
        let media =
            HeaderValue::from_str(&target.content_type).map_err(|_| "content_type: bad header value")?;
        headers.push((CONTENT_TYPE, media));
        let settings = HttpSettings {
            timeout: Duration::try_from_secs_f64(target.timeout / 1000.0)
                .map_err(|_| "timeout: out of range")?,
            keepalive: target.keepalive,
            ..HttpSettings::new(environment.roots.clone())
        };
        Ok(Self {
            taker: target.taker,
            client: HttpClient::new(&settings, environment.runtime.clone())
                .map_err(|fault| fault.to_string())?,
            url,
            method: target.method,
            headers,
        })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Why it did not arrive, without the URL: it may hold a secret.
    pub(crate) async fn send(&self, body: Bytes) -> Result<(), String> {
        let sent = self.client.deliver(self.method.clone(), &self.url, &self.headers, body).await;
        match sent {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(format!("{} answered {}", self.taker, status.as_u16())),
            Err(cause) => Err(format!("{} cannot be reached: {cause:?}", self.taker)),
        }
    }
}

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method};
use keybound_oidc::{HttpClient, HttpSettings, Url};
use serde::Deserialize;

use crate::environment::Environment;
use crate::typed::is_framing;

/// Where entries go.
#[derive(Deserialize)]
pub(super) struct Target {
    http_endpoint: String,
    method: String,
    content_type: String,
    timeout: f64,
    keepalive: f64,
    headers: Option<BTreeMap<String, String>>,
}

/// Sends entries to the log server.
pub(super) struct Sender {
    client: HttpClient,
    url: Url,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Sender {
    pub(super) fn new(target: Target, environment: &Environment) -> Result<Self, String> {
        let url = Url::parse(&target.http_endpoint).map_err(|_| "http_endpoint: invalid url".to_owned())?;
        let mut headers = Vec::new();
        for (name, value) in target.headers.unwrap_or_default() {
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
            keepalive: target.keepalive > 0.0,
            ..HttpSettings::new(environment.roots.clone())
        };
        Ok(Self {
            client: HttpClient::new(&settings, environment.runtime.clone())
                .map_err(|fault| fault.to_string())?,
            url,
            method: Method::from_bytes(target.method.as_bytes()).map_err(|_| "method: no method")?,
            headers,
        })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Why it did not arrive, without the URL: it may hold a secret.
    pub(super) async fn send(&self, body: Bytes) -> Result<(), String> {
        let sent = self.client.deliver(self.method.clone(), &self.url, &self.headers, body).await;
        match sent {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(format!("the log server answered {}", status.as_u16())),
            Err(cause) => Err(format!("the log server cannot be reached: {cause:?}")),
        }
    }
}

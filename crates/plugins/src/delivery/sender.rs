use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use keybound_oidc::{Delivered, HttpClient, HttpSettings, Url};
use keybound_pop::time::Clock;

use crate::environment::Environment;
use crate::typed::is_framing;

/// After which answers a message is sent again; every other one but success is final.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Again {
    /// Those that speak of the moment: 408, 425, 429, and faults of the server.
    Moment,
    /// Those that OTLP/HTTP says so of: 429, 502, 503, 504.
    Otlp,
}

impl Again {
    fn after(self, status: StatusCode) -> bool {
        match self {
            Self::Moment => matches!(status.as_u16(), 408 | 425 | 429 | 500..),
            Self::Otlp => matches!(status.as_u16(), 429 | 502..=504),
        }
    }
}

/// Why a message did not arrive, without the URL: it may hold a secret.
#[derive(Debug)]
pub(crate) struct NotTaken {
    pub(crate) text: String,
    /// Whether it would not be taken another time either.
    pub(crate) is_final: bool,
    /// How long whoever takes it asks to wait before another time.
    pub(crate) after: Option<Duration>,
}

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
    pub(crate) again: Again,
}

/// Sends messages.
pub(crate) struct Sender {
    taker: &'static str,
    client: HttpClient,
    url: Url,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
    again: Again,
    clock: Arc<dyn Clock>,
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
            again: target.again,
            clock: Arc::clone(&environment.clock),
        })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`NotTaken`]
    pub(crate) async fn send(&self, body: Bytes) -> Result<(), NotTaken> {
        let (method, clock) = (self.method.clone(), &*self.clock);
        match self.client.deliver(method, &self.url, &self.headers, body, clock).await {
            Ok(Delivered { status, .. }) if status.is_success() => Ok(()),
            Ok(Delivered { status, retry_after }) => Err(NotTaken {
                text: format!("{} answered {}", self.taker, status.as_u16()),
                is_final: !self.again.after(status),
                after: retry_after.filter(|_| asks_to_wait(status)),
            }),
            Err(cause) => Err(NotTaken {
                text: format!("{} cannot be reached: {cause:?}", self.taker),
                is_final: false,
                after: None,
            }),
        }
    }
}

/// Whether the answer can ask to wait, as OTLP/HTTP says (`Retry-After`).
fn asks_to_wait(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let again = |again: Again| -> Vec<u16> {
            let codes = (200..600).filter_map(|code| StatusCode::from_u16(code).ok());
            let failures = codes.filter(|code| !code.is_success() && !code.is_server_error());
            failures.filter(|code| again.after(*code)).map(|code| code.as_u16()).collect()
        };
        assert_eq!(again(Again::Moment), [408, 425, 429]);
        assert_eq!(again(Again::Otlp), [429]);
        let faults = |again: Again| {
            [500, 501, 502, 503, 504, 507]
                .map(|code| StatusCode::from_u16(code).map(|code| again.after(code)))
        };
        assert_eq!(faults(Again::Moment).map(Result::unwrap), [true; 6]);
        assert_eq!(faults(Again::Otlp).map(Result::unwrap), [false, false, true, true, true, false]);
    }
}

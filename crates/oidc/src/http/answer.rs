//! A provider's answer, read up to its bound.

use bytes::{Bytes, BytesMut};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::client::cause_of;
use crate::fault::Cause;

/// Deepest nesting of a provider's JSON.
const MAX_DEPTH: usize = 32;

/// Longest wait that a provider can ask for, in seconds.
const MAX_RETRY_AFTER: u64 = 86_400;

/// An answer: status, what the header asks, the whole body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the body, giving up as soon as it is longer than `limit`. A redirect is not read at all.
    pub(super) async fn read(mut response: reqwest::Response, limit: usize) -> Result<Self, Cause> {
        let status = response.status();
        if status.is_redirection() {
            return Err(Cause::Redirect);
        }
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(Cause::TooLarge);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|fault| cause_of(&fault))? {
            if body.len() + chunk.len() > limit {
                return Err(Cause::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, headers: std::mem::take(response.headers_mut()), body: body.freeze() })
    }

    /// The body as a JSON object, strictly: no duplicate member, nothing behind it.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Cause> {
        keybound_pop::json::parse_object(&self.body, MAX_DEPTH)
            .map_err(|_| Cause::Malformed("no JSON object"))
    }

    /// The fault that a status other than 200 stands for; `now` turns a date in `Retry-After` into seconds.
    pub(crate) fn require_ok(&self, now: UnixTime) -> Result<(), Cause> {
        match self.status {
            StatusCode::OK => Ok(()),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(Cause::RateLimited { retry_after: retry_after(&self.headers, now) })
            }
            status => {
                Err(Cause::Status { status: status.as_u16(), retry_after: retry_after(&self.headers, now) })
            }
        }
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3: a number or a date), bounded; nothing when absent or unreadable.
pub(super) fn retry_after(headers: &HeaderMap, now: UnixTime) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            let date = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
            date.saturating_sub(u64::try_from(now.secs()).unwrap_or(0))
        }
    };
    Some(seconds.clamp(1, MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_bounded() {
        let now = UnixTime::from_secs(784_111_777);
        let read =
            |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now);
        assert_eq!(read("17"), Some(17));
        assert_eq!(read("0"), Some(1));
        assert_eq!(read("99999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:07 GMT"), Some(1));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}

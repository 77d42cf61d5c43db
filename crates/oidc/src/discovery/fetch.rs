//! The fetch of metadata.

use http::header::{HeaderName, HeaderValue};
use keybound_pop::time::Clock;

use super::location::Location;
use super::metadata::Metadata;
use crate::fault::{Call, Cause, ProviderFault};
use crate::http::HttpClient;

/// Most bytes of a metadata document.
const LIMIT: usize = 1024 * 1024;

/// Asks the location's URLs in order. A later one is asked only when the earlier has no such document (404, 405, 410);
/// when none has, the first one's fault is returned.
pub(crate) async fn fetch(
    http: &HttpClient,
    clock: &dyn Clock,
    location: &Location,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Metadata, ProviderFault> {
    http.calls().counted(Call::Metadata, ask_in_turn(http, clock, location, headers)).await
}

async fn ask_in_turn(
    http: &HttpClient,
    clock: &dyn Clock,
    location: &Location,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Metadata, ProviderFault> {
    let mut first = None;
    for url in &location.urls {
        let cause = match ask(http, clock, location, headers, url).await {
            Ok(metadata) => return Ok(metadata),
            Err(cause) => cause,
        };
        let absent = matches!(cause, Cause::Status { status: 404 | 405 | 410, .. });
        let cause = first.get_or_insert(cause);
        if !absent {
            return Err(ProviderFault::new(Call::Metadata, cause.clone()));
        }
    }
    Err(ProviderFault::new(Call::Metadata, first.unwrap_or(Cause::Endpoint("issuer"))))
}

async fn ask(
    http: &HttpClient,
    clock: &dyn Clock,
    location: &Location,
    headers: &[(HeaderName, HeaderValue)],
    url: &reqwest::Url,
) -> Result<Metadata, Cause> {
    let answer = http.get(url, headers, LIMIT).await?;
    answer.require_ok(clock.now())?;
    Metadata::read(answer.object()?, location)
}

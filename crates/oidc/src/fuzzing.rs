//! What the fuzz targets reach of this crate: its readers of what providers and certificates say, which nobody else calls
//! from outside.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

pub use crate::certificate::fuzzing::*;
use crate::discovery::{Location, Metadata};
use crate::fault::{Cause, TokenFault};
use crate::http::Answer;
use crate::keys::KeySet;
use crate::token::{Validity, require_access_kind};

/// A metadata document that was asked for at this issuer.
pub fn discovery(issuer: &str, document: &[u8]) -> Result<Metadata, Cause> {
    let location = Location::of(issuer).ok_or(Cause::Malformed("issuer"))?;
    Metadata::read(answer(document).object()?, &location)
}

/// The URLs where the metadata of an issuer are, and the issuer itself.
#[must_use]
pub fn location(issuer: &str) -> Option<(Vec<reqwest::Url>, String)> {
    Location::of(issuer).map(|location| (location.urls.clone(), location.issuer().to_owned()))
}

/// The keys of a set: how many there are and were left out, and for each algorithm the thumbprints of those that a token
/// with this `kid` is tried with.
pub fn key_set(document: &[u8], kid: Option<&str>) -> Result<(usize, usize, Vec<Vec<String>>), Cause> {
    let set = KeySet::read(&answer(document).object()?)?;
    let tried = |algorithm| {
        set.candidates(kid, algorithm).map(|(key, _)| key.thumbprint().to_string()).collect::<Vec<_>>()
    };
    Ok((set.len(), set.left_out(), Algorithm::ALL.into_iter().map(tried).collect()))
}

/// What an introspection answer says: its claims, or the fault of the status and what stood in `Retry-After`.
pub fn introspection(
    status: u16,
    retry_after: Option<&[u8]>,
    body: &[u8],
) -> Result<Map<String, Value>, Cause> {
    let mut answer = answer(body);
    answer.status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_bytes(value).ok()) {
        answer.headers.insert(http::header::RETRY_AFTER, value);
    }
    answer.require_ok(UnixTime::from_secs(1_800_000_000))?;
    answer.object()
}

/// Whether claims are those of an access token that holds at `now`, and the first second in which it does not.
pub fn claims(claims: &Map<String, Value>, now: UnixTime) -> Result<Option<i64>, TokenFault> {
    require_access_kind(claims, None)?;
    let validity = Validity::read(claims, 10)?;
    validity.check(now)?;
    Ok(validity.ends())
}

fn answer(body: &[u8]) -> Answer {
    Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) }
}

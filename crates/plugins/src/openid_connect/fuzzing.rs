use bytes::Bytes;
use keybound_pop::binding::Scheme;

use super::credential::{
    self, BodyKind, Credential, Places, body_without_token, cookies_without, query_without_token,
};
pub use super::session::fuzzing::*;
use crate::contract::Head;
use crate::fault::CredentialFault;

/// A credential as it was found: whether its scheme is DPoP, the place, the token.
pub type Found = (bool, String, String);

/// The token in a head, looked for in every place.
pub fn credential(head: &Head, cookie: &str) -> Result<Option<Found>, CredentialFault> {
    let places = Places {
        header: true,
        query: true,
        body: false,
        cookie: Some(cookie.to_owned()),
        field: None,
        max_length: 4096,
    };
    credential::find(head, &places).map(|found| found.as_ref().map(shown))
}

/// The token in a body.
pub fn body_credential(json: bool, body: &[u8]) -> Result<Option<Found>, CredentialFault> {
    credential::from_body(kind(json), body).map(|found| found.as_ref().map(shown))
}

/// A body without its token.
#[must_use]
pub fn body_without_credential(json: bool, body: &[u8]) -> Bytes {
    body_without_token(kind(json), &Bytes::copy_from_slice(body))
}

/// A query without its token.
#[must_use]
pub fn query_without_credential(query: &str) -> Option<String> {
    query_without_token(query)
}

/// A line of cookies without the one of this name.
#[must_use]
pub fn cookies_without_credential(line: &http::HeaderValue, name: &str) -> Option<http::HeaderValue> {
    cookies_without(line, name)
}

fn kind(json: bool) -> BodyKind {
    if json { BodyKind::Json } else { BodyKind::Form }
}

fn shown(found: &Credential) -> Found {
    (found.scheme == Scheme::Dpop, format!("{:?}", found.place), found.token().to_owned())
}

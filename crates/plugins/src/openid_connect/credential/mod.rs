//! The first step: the one access token of a request, and where it stood.
//!
//! Pure: a head and a configuration go in, a credential or a fault comes out. Only the body is read by the caller, and
//! only when no other place has a token.

mod authorization;
mod body;
mod cookie;
mod query;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_pop::binding::Scheme;

pub(super) use body::{
    BodyKind, from_body, parameters as body_parameters, without_token as body_without_token,
};
pub(super) use cookie::{value as cookie_value, without as cookies_without};
pub(super) use query::without_token as query_without_token;

use crate::contract::Head;
use crate::fault::CredentialFault;

/// The parameter that carries a token in the query or the body (RFC 6750 §2.2, §2.3).
const PARAMETER: &str = "access_token";

/// Kong's own header fields for tokens, beside `Authorization`.
pub(super) const ACCESS_TOKEN: HeaderName = HeaderName::from_static("access-token");
pub(super) const X_ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-access-token");

/// Where a token is looked for (`bearer_token_*`).
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) header: bool,
    pub(super) query: bool,
    pub(super) body: bool,
    /// The cookie's name, when cookies are looked at.
    pub(super) cookie: Option<String>,
    /// The only header field to look at.
    pub(super) field: Option<HeaderName>,
    /// Bytes of the longest token.
    pub(super) max_length: usize,
}

/// Where a token stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `Authorization`: the only place for a bound token.
    Authorization,
    /// Another header field.
    Field(HeaderName),
    /// The query.
    Query,
    /// A cookie.
    Cookie,
    /// The body.
    Body(BodyKind),
    /// None: the session that stands for it.
    Session,
}

/// The access token of a request.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    pub(super) scheme: Scheme,
    pub(super) place: Place,
    /// The field value that ends with the token: a cheap clone of the request's, so that a token is not copied.
    value: HeaderValue,
    start: usize,
}

impl Credential {
    pub(super) fn new(scheme: Scheme, place: Place, value: HeaderValue, start: usize) -> Self {
        Self { scheme, place, value, start }
    }

    /// A token that was decoded from somewhere else than a header field.
    pub(super) fn decoded(place: Place, token: &str) -> Result<Self, CredentialFault> {
        if !is_token68(token.as_bytes()) {
            return Err(CredentialFault::Malformed);
        }
        let value = HeaderValue::from_str(token).map_err(|_| CredentialFault::Malformed)?;
        Ok(Self::new(Scheme::Bearer, place, value, 0))
    }

    /// The token as presented.
    pub(super) fn token(&self) -> &str {
        // Checked to be token68 when it was found, which is ASCII.
        self.value.to_str().ok().and_then(|text| text.get(self.start..)).unwrap_or_default()
    }
}

/// The credential in the head of a request: header fields, query, cookies, each only where `places` says.
///
/// # Errors
/// [`CredentialFault`]: `Repeated` for two `Authorization` lines, `Malformed` for one that cannot be read, `Ambiguous`
/// for tokens in two places.
pub(super) fn find(head: &Head, places: &Places) -> Result<Option<Credential>, CredentialFault> {
    let mut only = Only(None);
    if places.header {
        in_headers(&head.headers, places, &mut only)?;
    }
    if places.query
        && let Some(query) = &head.query
        && let Some(token) = query::token(query)?
    {
        only.add(Credential::decoded(Place::Query, &token)?)?;
    }
    if let Some(name) = &places.cookie
        && let Some(token) = cookie::value(head.headers.get_all(COOKIE), name)?
    {
        only.add(Credential::decoded(Place::Cookie, token)?)?;
    }
    Ok(only.0)
}

fn in_headers(headers: &HeaderMap, places: &Places, only: &mut Only) -> Result<(), CredentialFault> {
    match &places.field {
        Some(name) if *name != AUTHORIZATION => in_field(headers, name, only),
        Some(_) => add_authorization(headers, only),
        None => {
            add_authorization(headers, only)?;
            in_field(headers, &ACCESS_TOKEN, only)?;
            in_field(headers, &X_ACCESS_TOKEN, only)
        }
    }
}

fn add_authorization(headers: &HeaderMap, only: &mut Only) -> Result<(), CredentialFault> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = lines.next() else { return Ok(()) };
    if lines.next().is_some() {
        return Err(CredentialFault::Repeated);
    }
    match authorization::parse(value)? {
        Some(credential) => only.add(credential),
        None => Ok(()),
    }
}

/// A field that holds the bare token, or the token after the word `Bearer`.
fn in_field(headers: &HeaderMap, name: &HeaderName, only: &mut Only) -> Result<(), CredentialFault> {
    for value in headers.get_all(name) {
        let start = authorization::after_bearer(value.as_bytes());
        let token = value.as_bytes().get(start..).unwrap_or_default();
        if token.is_empty() && start == 0 {
            continue;
        }
        if !is_token68(token) {
            return Err(CredentialFault::Malformed);
        }
        only.add(Credential::new(Scheme::Bearer, Place::Field(name.clone()), value.clone(), start))?;
    }
    Ok(())
}

/// Takes one credential, and refuses the second.
struct Only(Option<Credential>);

impl Only {
    fn add(&mut self, credential: Credential) -> Result<(), CredentialFault> {
        match self.0.replace(credential) {
            None => Ok(()),
            Some(_) => Err(CredentialFault::Ambiguous),
        }
    }
}

/// Whether a line of `Authorization` is of a scheme that carries tokens, well formed or not.
pub(super) fn carries_token(line: &HeaderValue) -> bool {
    let text = line.as_bytes().trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.get(..end)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"dpop"))
}

/// The scheme that a request means to use, also when its credential can not be read.
pub(super) fn meant_scheme(headers: &HeaderMap) -> Scheme {
    let dpop = |value: &HeaderValue| {
        value.as_bytes().get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"dpop"))
    };
    if headers.get_all(AUTHORIZATION).iter().any(dpop) { Scheme::Dpop } else { Scheme::Bearer }
}

/// `token68` of RFC 9110 §11.2.
fn is_token68(text: &[u8]) -> bool {
    let body = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let allowed = |byte: &u8| TOKEN68.get(usize::from(*byte)) == Some(&true);
    body > 0 && text.iter().take(body).all(allowed)
}

/// The bytes of which a token68 consists, but for the `=` at its end: tokens are long, and this is one look at each byte.
static TOKEN68: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut rest: &mut [bool] = &mut allowed;
    let mut byte = 0_u8;
    while let [first, others @ ..] = rest {
        *first = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        byte = byte.wrapping_add(1);
        rest = others;
    }
    allowed
};

#[cfg(test)]
mod tests;

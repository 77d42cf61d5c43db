//! Where the token stands.

use std::borrow::Cow;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName};

use crate::contract::Head;
use crate::fault::IdentityFault;

/// The one token in all the places. The same token may stand in several.
///
/// # Errors
/// [`IdentityFault::JwtMissing`]; [`IdentityFault::JwtAmbiguous`] for two that differ.
pub(super) fn token<'a>(
    head: &'a Head,
    parameters: &[String],
    cookies: &[String],
    fields: &[HeaderName],
) -> Result<Cow<'a, str>, IdentityFault> {
    let query = head.query.as_deref().unwrap_or_default().as_bytes();
    let in_query = form_urlencoded::parse(query)
        .filter(|(name, _)| parameters.iter().any(|wanted| wanted == name))
        .map(|(_, value)| value);
    let in_cookies = cookies.iter().flat_map(|name| named(&head.headers, name));
    let in_fields = fields.iter().flat_map(|name| bearers(&head.headers, name));
    let mut found: Option<Cow<'a, str>> = None;
    for token in in_query.chain(in_cookies.map(Cow::Borrowed)).chain(in_fields.map(Cow::Borrowed)) {
        match &found {
            _ if token.is_empty() => {}
            None => found = Some(token),
            Some(first) if *first == token => {}
            Some(_) => return Err(IdentityFault::JwtAmbiguous),
        }
    }
    found.ok_or(IdentityFault::JwtMissing)
}

/// The values of the cookies of this name.
fn named<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs =
        headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    pairs.filter_map(move |pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// What stands after the word `Bearer` in the fields of this name.
fn bearers<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.trim().split_once([' ', '\t'])?;
        scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
    })
}

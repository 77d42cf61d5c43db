//! Who may speak to the Admin API, as far as a browser could be made to speak for somebody else.
//!
//! The Admin API trusts whoever reaches its port. A page of another origin that an operator looks at reaches it too,
//! through the operator's browser: directly, which `Origin` tells, or by a name of its own that it lets point to our
//! address (DNS rebinding), which `Host` tells. Where a token is set, whoever reaches the port must show it too.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Method, Uri, Version};

use crate::answer::ANYONE;
use crate::failure::Failure;
use crate::secret::Secret;

/// The header that shows the token.
const TOKEN: &str = "kong-admin-token";

/// Checks the name that a request was sent to, then the page that it comes from.
///
/// The name must be an IP address, `localhost` (or below it) or the machine's own. A request that writes must come from
/// no page, from a page of the same host, or from one on a loopback address.
pub(crate) fn check(parts: &Parts, hostname: &str) -> Result<(), Failure> {
    let host = host(parts)?;
    if let Some(host) = &host
        && !is_own(host, hostname)
    {
        return Err(Failure::Forbidden(
            "this host name is not served: use an IP address, localhost or the machine's name",
        ));
    }
    if writes(&parts.method)
        && !parts.headers.get_all(ORIGIN).iter().all(|origin| trusted(origin, host.as_ref()))
    {
        return Err(Failure::Forbidden("requests that write are not taken from pages of another origin"));
    }
    Ok(())
}

/// Checks the token, where there is one to show. A browser asks without it what it may ask (OPTIONS).
pub(crate) fn authenticate(parts: &Parts, token: Option<&Secret>) -> Result<(), Failure> {
    let Some(token) = token.filter(|_| parts.method != Method::OPTIONS) else { return Ok(()) };
    let mut shown = parts.headers.get_all(TOKEN).iter();
    match (shown.next(), shown.next()) {
        (Some(shown), None) if token.is(shown.as_bytes()) => Ok(()),
        _ => Err(Failure::Unauthorized),
    }
}

/// Which pages may read the answer: none of another origin, unless a token has to be shown, which no such page has. Without
/// one, a page that an operator looks at would read every key through the operator's browser, and with the operator's
/// certificate.
pub(crate) fn readers(parts: &Parts, asks_for_token: bool) -> Option<HeaderValue> {
    let Some(origin) = parts.headers.get(ORIGIN) else { return Some(ANYONE) };
    let host = host(parts).ok().flatten();
    (asks_for_token || trusted(origin, host.as_ref())).then(|| origin.clone())
}

/// Whether a request could change something.
pub(crate) fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The authority of the target, or else the one `Host` (RFC 9112 §3.2); none only in HTTP/1.0.
fn host(parts: &Parts) -> Result<Option<Authority>, Failure> {
    let mut fields = parts.headers.get_all(HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) if parts.version < Version::HTTP_11 => None,
        (None, _) => return Err(Failure::BadRequest("missing host header")),
        (Some(_), Some(_)) => return Err(Failure::BadRequest("more than one host header")),
        (Some(field), None) => Some(
            Authority::try_from(field.as_bytes())
                .ok()
                .filter(|authority| !authority.as_str().contains('@'))
                .ok_or(Failure::BadRequest("invalid host header"))?,
        ),
    };
    Ok(parts.uri.authority().cloned().or(field))
}

fn is_own(host: &Authority, hostname: &str) -> bool {
    let host = host.host();
    let name = host.strip_suffix('.').unwrap_or(host);
    address(name).is_some() || is_localhost(name) || name.eq_ignore_ascii_case(hostname)
}

fn trusted(origin: &HeaderValue, host: Option<&Authority>) -> bool {
    let Some(origin) = Uri::try_from(origin.as_bytes()).ok().filter(|origin| origin.scheme().is_some())
    else {
        return false;
    };
    let Some(authority) = origin.authority() else { return false };
    host.is_some_and(|host| host.as_str().eq_ignore_ascii_case(authority.as_str()))
        || is_localhost(authority.host())
        || address(authority.host()).is_some_and(|address| address.is_loopback())
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn address(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

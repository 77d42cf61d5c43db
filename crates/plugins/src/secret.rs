//! What is never said back or logged of a request: the values of fields and parameters that carry credentials.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

/// What stands in place of a secret, as in Kong.
pub(crate) const REDACTED: &str = "REDACTED";

/// Whether a field carries a credential, a proof of one, or identifies a session.
pub(crate) fn is_field(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "set-cookie"
            | "dpop"
            | "dpop-nonce"
            | "apikey"
            | "x-api-key"
            | "access-token"
            | "x-access-token"
            | "x-id-token"
            | "x-forwarded-client-cert"
            | "client-cert"
            | "client-cert-chain"
    )
}

/// Whether a parameter of a query or form carries a credential.
pub(crate) fn is_parameter(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "access_token"
            | "apikey"
            | "api_key"
            | "client_assertion"
            | "client_secret"
            | "code"
            | "id_token"
            | "jwt"
            | "password"
            | "refresh_token"
            | "token"
    )
}

/// Whether a field's value is an address.
fn is_address(name: &HeaderName) -> bool {
    matches!(name.as_str(), "location" | "referer" | "content-location")
}

/// An address without secrets: a fragment is one as a whole (tokens come in it), parameters are by their names.
fn address(text: &str) -> String {
    let text = text.split('#').next().unwrap_or_default();
    match text.split_once('?') {
        Some((path, parameters)) => format!("{path}?{}", query(parameters)),
        None => text.to_owned(),
    }
}

/// A query without the values of parameters that carry credentials. One without any stays as it is.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    let is_secret = |part: &str| {
        let name = part.split('=').next().unwrap_or_default();
        form_urlencoded::parse(name.as_bytes()).next().is_some_and(|(name, _)| is_parameter(&name))
    };
    if !query.split('&').any(is_secret) {
        return query.into();
    }
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if is_secret(part) => format!("{name}={}", REDACTED).into(),
        _ => Cow::from(part),
    });
    parts.collect::<Vec<_>>().join("&").into()
}

/// Fields as an object, without secrets. A field of several lines has a list.
pub(crate) fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in headers {
        let text = match String::from_utf8_lossy(value.as_bytes()) {
            _ if is_field(name) => REDACTED.into(),
            text if is_address(name) => address(&text).into(),
            text => text,
        };
        add(&mut fields, name.as_str(), Value::from(text.into_owned()));
    }
    fields
}

/// Adds a member; a second value of the same name makes a list.
pub(crate) fn add(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(known) => *known = Value::Array(vec![known.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_fields_keep_no_credentials() {
        let mut fields = HeaderMap::new();
        for (name, value) in [
            ("location", "https://h/p?access_token=T&a=1#id_token=T"),
            ("referer", "https://h/?code=T"),
            ("content-location", "/p#access_token=T"),
            ("x-other", "a?code=1"),
        ] {
            fields.insert(name, value.parse().unwrap());
        }
        let said = Value::Object(headers(&fields));
        let expected = serde_json::json!({
            "location": "https://h/p?access_token=REDACTED&a=1",
            "referer": "https://h/?code=REDACTED",
            "content-location": "/p",
            "x-other": "a?code=1",
        });
        assert_eq!(said, expected);
    }
}

//! What is never said back or logged of a request: the values of fields and parameters that carry credentials.

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

/// Fields as an object, without secrets. A field of several lines has a list.
pub(crate) fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in headers {
        let text = if is_field(name) { REDACTED.into() } else { String::from_utf8_lossy(value.as_bytes()) };
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

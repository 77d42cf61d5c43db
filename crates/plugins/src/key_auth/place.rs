//! Where a key stands.

use http::{HeaderMap, HeaderName};
use keybound_pop::json;
use serde_json::Value;

use crate::contract::BodySource;
use crate::identity::parameter::{self, BodyKind};
use crate::identity::{BODY_LIMIT, multipart};

/// Deepest nesting of a JSON body that is read.
const DEPTH: usize = 64;

/// What stands in a place under a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    Absent,
    One(String),
    Repeated,
}

impl Key {
    fn only(mut found: impl Iterator<Item = String>) -> Self {
        match (found.next(), found.next()) {
            (None, _) => Self::Absent,
            (Some(key), None) => Self::One(key),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

pub(super) fn in_headers(headers: &HeaderMap, name: &HeaderName) -> Key {
    let lines = headers.get_all(name).iter();
    Key::only(lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()))
}

pub(super) fn in_form(form: &[u8], name: &str) -> Key {
    let pairs = form_urlencoded::parse(form).filter(|(other, _)| other == name);
    Key::only(pairs.map(|(_, value)| value.into_owned()))
}

/// A body that cannot be read, or is longer than is searched, holds no key.
pub(super) async fn in_body(headers: &HeaderMap, body: &mut dyn BodySource, name: &str) -> Key {
    if let Some(boundary) = multipart::boundary(headers) {
        let Ok(bytes) = body.whole(BODY_LIMIT).await else { return Key::Absent };
        let parts = multipart::parts(&bytes, &boundary);
        let named = parts.iter().filter(|part| part.name.as_deref() == Some(name));
        return Key::only(named.map(|part| {
            String::from_utf8_lossy(bytes.get(part.content.clone()).unwrap_or_default()).into_owned()
        }));
    }
    let Some(kind) = BodyKind::of(headers) else { return Key::Absent };
    let Ok(bytes) = body.whole(BODY_LIMIT).await else { return Key::Absent };
    match kind {
        BodyKind::Form => in_form(&bytes, name),
        BodyKind::Json => {
            match json::parse_object(&bytes, DEPTH).ok().and_then(|mut object| object.remove(name)) {
                Some(Value::String(key)) => Key::One(key),
                Some(Value::Array(_) | Value::Object(_)) => Key::Repeated,
                _ => Key::Absent,
            }
        }
    }
}

pub(super) async fn hide_in_body(headers: &HeaderMap, body: &mut dyn BodySource, name: &str) {
    if let Some(boundary) = multipart::boundary(headers) {
        if let Ok(bytes) = body.whole(BODY_LIMIT).await
            && let Some(rest) = multipart::without(&bytes, &boundary, name)
        {
            body.replace(rest);
        }
        return;
    }
    let Some(kind) = BodyKind::of(headers) else { return };
    let Ok(bytes) = body.whole(BODY_LIMIT).await else { return };
    let readable = match kind {
        BodyKind::Form => std::str::from_utf8(&bytes).is_ok(),
        BodyKind::Json => json::parse_object(&bytes, DEPTH).is_ok(),
    };
    if readable {
        let rest = parameter::body_without(kind, &bytes, name);
        if rest != bytes {
            body.replace(rest);
        }
    }
}

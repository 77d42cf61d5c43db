//! Any bytes as a body: of a form, of JSON, or, with a boundary in the first line, of several parts.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use keybound_plugins::fuzzing::{body_credential, body_without_credential, edited_body, multipart};
use serde_json::{Map, Value};

/// A token that was taken out is not there any more, and nothing else is gone; a part lies within its body.
pub fn run(data: &[u8]) {
    for json in [false, true] {
        let found = body_credential(json, data);
        assert_eq!(found, body_credential(json, data), "the same twice");
        if let Ok(Some((dpop, _, token))) = found {
            assert!(!dpop && token.bytes().all(|byte| byte.is_ascii_graphic()));
            let left = body_without_credential(json, data);
            assert_eq!(body_credential(json, &left), Ok(None), "the token is gone");
            assert!(left.len() < data.len());
            if json {
                let mut read: Map<String, Value> = serde_json::from_slice(data).expect("it was read before");
                read.remove("access_token");
                assert_eq!(serde_json::from_slice::<Map<String, Value>>(&left).ok(), Some(read));
            }
        }
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        bounded(kind, data);
    }
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(at);
    let body = rest.get(1..).unwrap_or_default();
    let Ok(boundary) = std::str::from_utf8(first) else { return };
    parts(&format!("multipart/form-data; boundary={boundary}"), body);
    parts(&format!("multipart/form-data; boundary=\"{boundary}\""), body);
}

fn parts(content_type: &str, body: &[u8]) {
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_str(content_type) else { return };
    headers.insert(CONTENT_TYPE, value);
    bounded(content_type, body);
    let Some(form) = multipart(&headers, body, "key") else { return };
    assert!(form.parts.len() <= 100);
    let whole: usize = form.parts.iter().map(|(_, content)| content.as_ref().map_or(0, Vec::len)).sum();
    assert!(whole <= body.len());
    assert!(form.parts.iter().all(|(_, content)| content.is_some()), "a part lies within its body");
    let named = form.parts.iter().filter(|(name, _)| name.as_deref() == Some("key")).count();
    assert_eq!(form.without.is_some(), named > 0);
    let Some((without, kept)) = form.without.zip(form.kept) else { return };
    assert!(without.len() < body.len());
    if form.parts.len() < 100 {
        let expected: Vec<_> =
            form.parts.into_iter().filter(|(name, _)| name.as_deref() != Some("key")).collect();
        assert_eq!(kept, expected, "the others stay");
    }
}

/// An edited body is not much longer than the one that came.
fn bounded(content_type: &str, body: &[u8]) {
    let Ok(value) = HeaderValue::from_str(content_type) else { return };
    if let Some(edited) = edited_body(&value, body) {
        assert!(edited.len() <= 6 * body.len() + 200 + 80 * content_type.len());
    }
}

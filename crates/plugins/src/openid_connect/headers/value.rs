//! What a field says, as text, and whether a field can carry it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde_json::{Map, Value};

/// Most bytes of a value. Many upstreams refuse a request with a longer line, and that would break it.
pub(super) const LONGEST: usize = 8000;

/// A claim: a string as it is, another scalar as JSON writes it, lists and objects as JSON.
pub(super) fn of_claim(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A whole document: base64 of its JSON.
pub(super) fn of_document(document: &Map<String, Value>) -> String {
    let json = serde_json::to_vec(document).unwrap_or_default();
    STANDARD.encode(json)
}

/// The text as a field's value.
///
/// # Errors
/// Why no field can carry it as it is: too long, a control character, or white space at an end, which whoever reads the field
/// takes away, so that one user's name would read as another's.
pub(super) fn carried(text: String, longest: usize) -> Result<HeaderValue, &'static str> {
    if text.is_empty() {
        return Err("empty");
    }
    if text.len() > longest {
        return Err("too long");
    }
    if text.trim().len() != text.len() {
        return Err("white space at an end");
    }
    if text.chars().any(char::is_control) {
        return Err("a control character");
    }
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).map_err(|_| "a control character")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_text_and_the_rest_is_json() {
        assert_eq!(of_claim(&json!("a")), "a");
        assert_eq!(of_claim(&json!(7)), "7");
        assert_eq!(of_claim(&json!(true)), "true");
        assert_eq!(of_claim(&json!(["a", "b"])), r#"["a","b"]"#);
        assert_eq!(of_claim(&json!({"a": ["\n"]})), r#"{"a":["\n"]}"#);
    }

    #[test]
    fn what_would_read_otherwise_is_not_carried() {
        let carried = |text: &str| carried(text.to_owned(), LONGEST).map(|value| value.as_bytes().to_vec());
        assert_eq!(carried("j\u{f6}hn"), Ok("j\u{f6}hn".as_bytes().to_vec()));
        for (text, reason) in [
            ("", "empty"),
            (" admin", "white space at an end"),
            ("admin\u{a0}", "white space at an end"),
            ("a\tb", "a control character"),
            ("a\r\nx-admin: 1", "a control character"),
            ("a\u{85}b", "a control character"),
            ("a\u{7f}", "a control character"),
            (&"x".repeat(8001), "too long"),
        ] {
            assert_eq!(carried(text), Err(reason), "{text:?}");
        }
    }
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

/// HTTP Basic: id and secret form-encoded first (RFC 6749 §2.3.1).
pub(super) fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The id in the form.
pub(super) fn id(id: &str) -> (String, String) {
    ("client_id".to_owned(), id.to_owned())
}

/// Id and secret in the form.
pub(super) fn post(client: &str, secret: &str) -> Vec<(String, String)> {
    vec![id(client), ("client_secret".to_owned(), secret.to_owned())]
}

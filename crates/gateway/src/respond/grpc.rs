use http::{HeaderValue, StatusCode};

/// Whether a request with this content type speaks gRPC.
pub(crate) fn speaks_grpc(content_type: &HeaderValue) -> bool {
    let media = content_type.as_bytes().get(..16);
    media.is_some_and(|media| media.eq_ignore_ascii_case(b"application/grpc"))
        && matches!(content_type.as_bytes().get(16), None | Some(b'+' | b';' | b' '))
}

/// The gRPC status that says the same as an HTTP status.
pub(crate) fn status(http: StatusCode) -> HeaderValue {
    HeaderValue::from_static(match http.as_u16() {
        // The only refusal that is 200 in HTTP: a request for a route that wants TLS.
        200 => "1",
        400 | 413 | 414 | 415 | 431 => "3",
        401 => "16",
        403 => "7",
        404 | 405 => "12",
        408 | 504 => "4",
        429 => "8",
        502 | 503 => "14",
        500 => "13",
        501 => "12",
        _ => "2",
    })
}

/// A message as `grpc-message` carries it: percent-encoded outside of printable ASCII.
pub(crate) fn message(text: &str) -> Option<HeaderValue> {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    HeaderValue::from_str(&encoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grpc_media_types_speak_grpc() {
        for (text, want) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("Application/GRPC; x=y", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            assert_eq!(speaks_grpc(&HeaderValue::from_static(text)), want, "{text}");
        }
    }

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(message("a b%é").unwrap(), "a b%25%C3%A9");
    }
}

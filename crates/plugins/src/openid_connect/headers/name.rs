//! Which names a configured field may have.

use http::HeaderName;

/// Names of fields that frame a message, concern one connection, or that the gateway sets itself afterwards.
const OF_THE_GATEWAY: [&str; 24] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dpop",
    "dpop-nonce",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
];

/// A name as it is sent: in lower case, with `-` for `_`, because many upstreams drop a field with `_` in its name or take it
/// for its twin.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(text.replace('_', "-").as_bytes())
        .map_err(|_| format!("bad header name '{text}'"))?;
    let shown = name.as_str();
    if OF_THE_GATEWAY.contains(&shown) || shown.starts_with("x-forwarded-") || shown == "x-real-ip" {
        return Err(format!("'{text}' is set by the gateway itself and cannot be used"));
    }
    Ok(name)
}

/// `name` or `name:bearer`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse_with_scheme(text: &str) -> Result<(HeaderName, bool), String> {
    match text.split_once(':') {
        None => Ok((parse(text)?, false)),
        Some((name, scheme)) if scheme.eq_ignore_ascii_case("bearer") => Ok((parse(name)?, true)),
        Some((_, scheme)) => Err(format!("expected 'bearer' after the colon, not '{scheme}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_sent_with_hyphens() {
        assert_eq!(parse("X_User_Id").unwrap(), "x-user-id");
        assert_eq!(parse("x user").unwrap_err(), "bad header name 'x user'");
        assert_eq!(parse_with_scheme("Authorization:Bearer").unwrap().0, "authorization");
        assert!(parse_with_scheme("x:basic").is_err());
    }

    #[test]
    fn framing_is_not_for_claims() {
        for name in
            ["Content-Length", "transfer_encoding", "HOST", "connection", "TE", "dpop", "X-Forwarded-For"]
        {
            assert!(parse(name).unwrap_err().contains("set by the gateway"), "{name}");
        }
    }
}

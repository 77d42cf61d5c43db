use http::{HeaderMap, HeaderName};

use crate::head::fields::is_relied_on;

/// Removes from trailers what would be a credential, an identity or framing if a reader merged it into the head.
pub(crate) fn drop_relied_on(trailers: &mut HeaderMap) {
    let dropped: Vec<HeaderName> =
        trailers.keys().filter(|name| is_relied_on(name.as_str())).cloned().collect();
    for name in dropped {
        trailers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_identities_and_framing_are_dropped_and_others_kept() {
        let mut trailers = HeaderMap::new();
        for name in [
            "authorization",
            "dpop",
            "d_pop",
            "cookie",
            "set-cookie",
            "host",
            "content-length",
            "transfer-encoding",
            "x-forwarded-for",
            "x-consumer-id",
            "x-userinfo",
            "grpc-status",
            "x-checksum",
        ] {
            trailers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        drop_relied_on(&mut trailers);
        let mut left: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["grpc-status", "x-checksum"]);
    }
}

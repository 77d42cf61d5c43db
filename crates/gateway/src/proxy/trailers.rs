use http::{HeaderMap, HeaderName};
use keybound_plugins::contract::Reserved;

use crate::head::fields::is_relied_on;

/// Removes from trailers what would be a credential, an identity or framing if a reader merged it into the head.
pub(crate) fn drop_relied_on(trailers: &mut HeaderMap) {
    let dropped: Vec<HeaderName> =
        trailers.keys().filter(|name| is_relied_on(name.as_str())).cloned().collect();
    for name in dropped {
        trailers.remove(name);
    }
}

/// Removes from trailers what a plugin sets for the upstream.
pub(crate) fn drop_reserved(trailers: &mut HeaderMap, reserved: &Reserved) {
    if reserved.is_empty() {
        return;
    }
    let dropped: Vec<HeaderName> = trailers.keys().filter(|name| reserved.contains(name)).cloned().collect();
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

    #[test]
    fn what_plugins_set_is_dropped_in_every_spelling() {
        let mut trailers = HeaderMap::new();
        for name in ["x-user", "x_user", "x-user-id"] {
            trailers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        drop_reserved(&mut trailers, &Reserved::of([HeaderName::from_static("x-user")]));
        assert_eq!(trailers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-user-id"]);
    }
}

use http::{HeaderMap, HeaderName, header};
use keybound_plugins::contract::Reserved;

use crate::head::fields::{HOP_BY_HOP, is_relied_on};

/// What a reader needs before the body (RFC 9110 §6.5.1), or what is about one connection.
const ONLY_IN_HEADS: [HeaderName; 11] = [
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::MAX_FORWARDS,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Whether a field may stand behind a body at all.
pub(crate) fn may_follow(name: &HeaderName) -> bool {
    !is_relied_on(name.as_str()) && !ONLY_IN_HEADS.contains(name) && !HOP_BY_HOP.contains(&name.as_str())
}

/// Removes from trailers what would be a credential, an identity or framing if a reader merged it into the head, and what may stand
/// in heads only.
pub(crate) fn drop_relied_on(trailers: &mut HeaderMap) {
    let dropped: Vec<HeaderName> = trailers.keys().filter(|name| !may_follow(name)).cloned().collect();
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
            "connection",
            "upgrade",
            "proxy",
            "expect",
            "content-type",
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

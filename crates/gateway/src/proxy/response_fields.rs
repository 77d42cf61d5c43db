use http::HeaderName;
use http::header::{self, HeaderMap};

use super::names::{KEEP_ALIVE, PROXY_CONNECTION};

/// Removes from a response what concerns the upstream's connection only: the fields that `Connection` nominates and
/// those that RFC 9110 §7.6.1 names. `upgrading` keeps what a 101 needs.
pub(crate) fn drop_hop_by_hop(headers: &mut HeaderMap, takes_trailers: bool, upgrading: bool) {
    // Nearly every response has `Connection: keep-alive` and none of the others: one look at the names tells.
    let (mut connection, mut others) = (false, false);
    for name in headers.keys() {
        connection |= *name == header::CONNECTION;
        others |= concerns_connection(name);
    }
    let nominates = || headers.get_all(header::CONNECTION).iter().any(|value| value != "keep-alive");
    if others || upgrading || (connection && nominates()) {
        drop_all(headers, takes_trailers, upgrading);
    } else if connection {
        headers.remove(header::CONNECTION);
    }
}

/// Whether the field is one of those that RFC 9110 §7.6.1 names, `Connection` aside.
fn concerns_connection(name: &HeaderName) -> bool {
    *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || *name == header::TRAILER
        || *name == KEEP_ALIVE
        || *name == PROXY_CONNECTION
}

fn drop_all(headers: &mut HeaderMap, takes_trailers: bool, upgrading: bool) {
    if headers.contains_key(header::CONNECTION) {
        let nominated: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
            .filter(|name| !(upgrading && name == header::UPGRADE))
            .filter(|name| !is_kept_although_nominated(name))
            .collect();
        for name in nominated {
            headers.remove(name);
        }
        if !upgrading {
            headers.remove(header::CONNECTION);
        }
    }
    if headers.remove(header::TRANSFER_ENCODING).is_some() {
        // The coding decided the length; a number beside it is not true of what is sent on.
        headers.remove(header::CONTENT_LENGTH);
    }
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
    if !upgrading {
        headers.remove(header::UPGRADE);
    }
    if !takes_trailers {
        headers.remove(header::TRAILER);
    }
}

/// Framing and challenges of the response itself: an upstream that nominates them gets them forwarded all the same.
fn is_kept_although_nominated(name: &HeaderName) -> bool {
    *name == header::CONTENT_LENGTH
        || *name == header::CONTENT_TYPE
        || *name == header::CONTENT_ENCODING
        || *name == header::WWW_AUTHENTICATE
        || *name == header::CACHE_CONTROL
        || *name == header::SET_COOKIE
}

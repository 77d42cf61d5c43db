use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use super::cookie::{Attributes, Found, Jar, MAX_COOKIES, hide};
use super::record::SessionRecord;
use super::seal::{Purpose, Sealer};
use crate::environment::Random;

/// Not random at all, and only to be used here.
struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// The bytes that the cookies of a session carry.
#[must_use]
pub fn session_cookie(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    match Jar::of(headers, name).found() {
        Found::Sealed(bytes) => Some(bytes),
        Found::Nothing | Found::Ambiguous => None,
    }
}

/// `Set-Cookie` for these bytes.
#[must_use]
pub fn session_cookie_of(name: &str, sealed: &[u8]) -> Option<Vec<HeaderValue>> {
    let attributes = Attributes {
        path: "/".to_owned(),
        domain: None,
        same_site: None,
        http_only: true,
        secure: None,
        most: MAX_COOKIES,
    };
    Jar::default().set(name, sealed, &attributes, true, None).ok()
}

/// What a seal under this secret holds.
#[must_use]
pub fn session_opened(secret: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    Sealer::new(secret, Arc::new(Zeros)).open(Purpose::Session, b"session", sealed)
}

/// A seal under this secret.
#[must_use]
pub fn session_sealed(secret: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    Sealer::new(secret, Arc::new(Zeros)).seal(Purpose::Session, b"session", data)
}

/// A request without the session's cookies.
pub fn hide_session(headers: &mut HeaderMap, name: &str) {
    hide(headers, &[name]);
}

/// A session as it is stored, read and written again.
#[must_use]
pub fn session_record(bytes: &[u8]) -> Option<Vec<u8>> {
    let record = SessionRecord::decode(bytes)?;
    for login in &record.logins {
        let _ = (login.confirmation(), login.claims());
    }
    record.encode()
}

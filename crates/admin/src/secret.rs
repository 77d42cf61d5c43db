use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;

use uuid::Uuid;

/// A path of the Admin API as logs have it: a key-auth credential may be named by its key, which is a secret.
#[must_use]
pub fn logged_path(path: &str) -> Cow<'_, str> {
    let mut before = "";
    let hidden = path.split('/').map(|segment| {
        let named = matches!(before, "key-auth" | "key-auths") && !segment.is_empty();
        before = segment;
        if named && Uuid::parse_str(segment).is_err() { "REDACTED" } else { segment }
    });
    let hidden = hidden.collect::<Vec<_>>().join("/");
    if hidden == path { path.into() } else { hidden.into() }
}

/// The token that opens the Admin API. It is never printed, and compared in constant time.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// Whether somebody showed this token. Only the length can be learned from how long it takes.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        let own = self.0.as_bytes();
        if own.len() != shown.len() {
            return false;
        }
        let differences = own.iter().zip(shown).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
        black_box(differences) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_the_token() {
        let secret = Secret::new("open sesame");
        assert!(secret.is(b"open sesame"));
        for other in ["", "open sesam", "open sesamf", "Open sesame", "open sesame "] {
            assert!(!secret.is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn it_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::new("open sesame")), "Secret(…)");
    }

    #[test]
    fn keys_in_paths_are_not_logged() {
        let id = "/key-auths/2f0a5a4e-0a53-4d3f-9a54-1f1f3c5d9a10";
        for (path, logged) in [
            ("/consumers/alice/key-auth/s3cret", "/consumers/alice/key-auth/REDACTED"),
            ("/key-auths/s3cret/consumer", "/key-auths/REDACTED/consumer"),
            ("/consumers/alice/key-auth", "/consumers/alice/key-auth"),
            ("/key-auths/", "/key-auths/"),
            ("/services/key", "/services/key"),
            (id, id),
        ] {
            assert_eq!(logged_path(path), logged);
        }
    }
}

use std::fmt;
use std::hint::black_box;

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
}

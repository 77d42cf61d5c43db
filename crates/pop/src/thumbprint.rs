//! SHA-256 digests that name things: keys (RFC 7638), certificates (RFC 8705 §3.1), tokens (RFC 9449 §4.2, `ath`).

use std::fmt;

use aws_lc_rs::{constant_time, digest};

use crate::base64url;

/// A SHA-256 thumbprint; its text is 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

/// The text is not 43 characters of canonical base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a thumbprint is exactly 43 characters of base64url")]
pub struct ThumbprintFault;

impl Thumbprint {
    /// The thumbprint of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }

    /// Reads a thumbprint: exactly 43 characters, canonical.
    ///
    /// # Errors
    /// [`ThumbprintFault`] for everything else: padding, hexadecimal, other digests.
    pub fn parse(text: &str) -> Result<Self, ThumbprintFault> {
        if text.len() != 43 {
            return Err(ThumbprintFault);
        }
        base64url::decode_exact(text).map(Self).map_err(|_| ThumbprintFault)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its 43 characters.
    #[must_use]
    pub fn encode(&self) -> String {
        base64url::encode(&self.0)
    }

    /// Equality in a time that does not depend on where the two differ.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl From<[u8; 32]> for Thumbprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encode())
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// The thumbprint of a certificate, given in DER: what `cnf["x5t#S256"]` holds (RFC 8705 §3.1).
#[must_use]
pub fn certificate(der: &[u8]) -> Thumbprint {
    Thumbprint::of(der)
}

/// The digest of an access token as presented: what `ath` holds (RFC 9449 §4.2).
#[must_use]
pub fn token_hash(token: &[u8]) -> [u8; 32] {
    sha256(token)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_43_canonical_characters_are_a_thumbprint() {
        let text = Thumbprint::of(b"x").encode();
        assert_eq!(Thumbprint::parse(&text), Ok(Thumbprint::of(b"x")));
        for bad in
            [format!("{text}="), text.to_uppercase(), text[1..].to_owned(), "00".repeat(32), String::new()]
        {
            if bad != text {
                assert_ne!(Thumbprint::parse(&bad), Ok(Thumbprint::of(b"x")), "{bad}");
            }
        }
        assert!(Thumbprint::parse(&format!("{text}=")).is_err());
        assert!(Thumbprint::parse(&"a".repeat(42)).is_err());
    }
}

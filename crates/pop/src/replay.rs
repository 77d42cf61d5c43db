//! What names a proof for replay protection, and how long the name must be remembered.

use aws_lc_rs::digest::{Context, SHA256};

use crate::thumbprint::Thumbprint;
use crate::time::UnixTime;

/// 16 bytes that name one use of a key: a digest of the key's thumbprint and the proof's `jti`.
///
/// Two keys never share a name for an equal `jti`, so no client can burn another's identifiers; and a stranger cannot choose a
/// `jti` that collides (2^128 for a given name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayId([u8; 16]);

impl ReplayId {
    /// The name of this `jti` under this key.
    #[must_use]
    pub fn new(thumbprint: &Thumbprint, jti: &str) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(thumbprint.as_bytes());
        digest.update(jti.as_bytes());
        let mut id = [0; 16];
        id.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The moment up to which, itself included, a proof of this `iat` can be valid: `iat` + lifetime + leeway.
#[must_use]
pub const fn keep_until(issued_at: UnixTime, lifetime: i64, leeway: i64) -> UnixTime {
    UnixTime::from_secs(issued_at.secs()).plus_secs(lifetime).plus_secs(leeway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_jti_of_two_keys_have_two_names() {
        let (a, b) = (Thumbprint::of(b"a"), Thumbprint::of(b"b"));
        assert_eq!(ReplayId::new(&a, "x"), ReplayId::new(&a, "x"));
        assert_ne!(ReplayId::new(&a, "x"), ReplayId::new(&b, "x"));
        assert_ne!(ReplayId::new(&a, "x"), ReplayId::new(&a, "y"));
    }

    #[test]
    fn the_record_outlives_every_moment_at_which_the_proof_is_valid() {
        assert_eq!(keep_until(UnixTime::from_secs(1000), 300, 10), UnixTime::from_secs(1310));
        assert_eq!(keep_until(UnixTime::from_secs(i64::MAX), 300, 10), UnixTime::from_secs(i64::MAX));
    }
}

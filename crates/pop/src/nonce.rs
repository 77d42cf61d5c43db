//! Nonces that the server provides (RFC 9449 §9), without state: the moment of issue, sealed.
//!
//! A nonce is `key id (4) ‖ IV (12) ‖ AES-256-GCM(moment of issue (8)) with tag (16)` in base64url: 54 characters. Every node
//! that holds one of the secrets accepts it, so a load balancer changes nothing. Secrets rotate without a flag day: the newest
//! seals, all of them open. What a nonce is bound to (nothing, unless configured) goes in as additional data.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;

use crate::base64url;
use crate::thumbprint::sha256;
use crate::time::UnixTime;

const KEY_ID: usize = 4;
const IV: usize = 12;
const SEALED: usize = 8 + 16;
const LENGTH: usize = KEY_ID + IV + SEALED;

/// Why a nonce is not taken. All lead to `use_dpop_nonce`, except that an unknown one may be ignored where none is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NonceFault {
    /// Not sealed by one of the secrets, or for something else.
    #[error("the nonce is not one of ours")]
    Unknown,
    /// Issued too long ago.
    #[error("the nonce has expired")]
    Expired,
    /// Issued in the future by more than the leeway.
    #[error("the nonce is from the future")]
    FromTheFuture,
}

/// A key could not be made of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at least one nonce secret is needed, and none may be empty")]
pub struct NonceKeyFault;

/// The secrets that seal and open nonces.
pub struct NonceKeys {
    newest: NonceKey,
    older: Vec<NonceKey>,
}

struct NonceKey {
    id: [u8; KEY_ID],
    key: LessSafeKey,
}

/// A nonce that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedNonce {
    /// When it was issued.
    pub issued_at: UnixTime,
    /// Seconds since then; 0 when it comes from a node whose clock is ahead.
    pub age: i64,
}

impl std::fmt::Debug for NonceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NonceKeys({} keys)", 1 + self.older.len())
    }
}

impl NonceKeys {
    /// Keys of these secrets, newest first. A secret can be of any length and form; give 32 random bytes.
    ///
    /// # Errors
    /// [`NonceKeyFault`] when there is none or one is empty.
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Result<Self, NonceKeyFault> {
        let mut keys =
            secrets.iter().map(|secret| NonceKey::new(secret.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(NonceKeyFault);
        }
        let newest = keys.remove(0);
        Ok(Self { newest, older: keys })
    }

    /// A nonce issued at `now` for `context`. `random` must be 12 fresh random bytes.
    #[must_use]
    pub fn seal(&self, now: UnixTime, context: &[u8], random: [u8; IV]) -> String {
        let mut sealed = now.secs().to_be_bytes().to_vec();
        let iv = Nonce::assume_unique_for_key(random);
        if self.newest.key.seal_in_place_append_tag(iv, Aad::from(context), &mut sealed).is_err() {
            // AES-GCM of eight bytes cannot fail; an empty nonce would be refused, never accepted.
            sealed.clear();
        }
        let mut out = Vec::with_capacity(LENGTH);
        out.extend_from_slice(&self.newest.id);
        out.extend_from_slice(&random);
        out.extend_from_slice(&sealed);
        base64url::encode(&out)
    }

    /// Opens a nonce: it was sealed by one of the secrets for this context, at most `lifetime` seconds ago, and not more than
    /// `leeway` seconds in the future (another node's clock).
    ///
    /// # Errors
    /// See [`NonceFault`].
    pub fn open(
        &self,
        nonce: &str,
        context: &[u8],
        now: UnixTime,
        lifetime: i64,
        leeway: i64,
    ) -> Result<OpenedNonce, NonceFault> {
        let bytes: [u8; LENGTH] = base64url::decode_exact(nonce).map_err(|_| NonceFault::Unknown)?;
        let (id, rest) = bytes.split_first_chunk::<KEY_ID>().ok_or(NonceFault::Unknown)?;
        let (iv, sealed) = rest.split_first_chunk::<IV>().ok_or(NonceFault::Unknown)?;
        let issued = std::iter::once(&self.newest)
            .chain(&self.older)
            .filter(|key| key.id == *id)
            .find_map(|key| key.open(*iv, context, sealed))
            .ok_or(NonceFault::Unknown)?;
        let age = now.secs().saturating_sub(issued);
        if age > lifetime {
            Err(NonceFault::Expired)
        } else if age < -leeway {
            Err(NonceFault::FromTheFuture)
        } else {
            Ok(OpenedNonce { issued_at: UnixTime::from_secs(issued), age: age.max(0) })
        }
    }
}

impl NonceKey {
    fn new(secret: &[u8]) -> Result<Self, NonceKeyFault> {
        if secret.is_empty() {
            return Err(NonceKeyFault);
        }
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keybound nonce v1").extract(secret);
        let key = derived.expand(&[b"seal"], &AES_256_GCM).map_err(|_| NonceKeyFault)?;
        let mut id = [0; KEY_ID];
        let digest = sha256(&[b"keybound nonce key id".as_slice(), &sha256(secret)].concat());
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Ok(Self { id, key: LessSafeKey::new(UnboundKey::from(key)) })
    }

    fn open(&self, iv: [u8; IV], context: &[u8], sealed: &[u8]) -> Option<i64> {
        let mut buffer: [u8; SEALED] = sealed.try_into().ok()?;
        let plain =
            self.key.open_in_place(Nonce::assume_unique_for_key(iv), Aad::from(context), &mut buffer).ok()?;
        plain.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn keys(secrets: &[&str]) -> NonceKeys {
        NonceKeys::new(secrets).unwrap()
    }

    #[test]
    fn a_nonce_opens_until_its_end_and_not_a_second_longer() {
        let keys = keys(&["one"]);
        let nonce = keys.seal(NOW, b"", [7; 12]);
        assert_eq!(nonce.len(), 54);
        let open = |secs| keys.open(&nonce, b"", NOW.plus_secs(secs), 300, 10);
        assert_eq!(open(0).unwrap().age, 0);
        assert_eq!(open(300).unwrap().age, 300);
        assert_eq!(open(301), Err(NonceFault::Expired));
        assert_eq!(open(-10).unwrap().age, 0);
        assert_eq!(open(-11), Err(NonceFault::FromTheFuture));
    }

    #[test]
    fn secrets_rotate_and_several_are_valid_at_once() {
        let old = keys(&["one"]).seal(NOW, b"", [1; 12]);
        assert!(keys(&["two", "one"]).open(&old, b"", NOW, 300, 10).is_ok());
        assert_eq!(keys(&["two"]).open(&old, b"", NOW, 300, 10), Err(NonceFault::Unknown));
        let new = keys(&["two", "one"]).seal(NOW, b"", [2; 12]);
        assert!(keys(&["three", "two"]).open(&new, b"", NOW, 300, 10).is_ok());
    }

    #[test]
    fn a_nonce_for_one_context_does_not_open_for_another() {
        let keys = keys(&["one"]);
        let nonce = keys.seal(NOW, b"route-a", [3; 12]);
        assert!(keys.open(&nonce, b"route-a", NOW, 300, 10).is_ok());
        assert_eq!(keys.open(&nonce, b"route-b", NOW, 300, 10), Err(NonceFault::Unknown));
    }

    #[test]
    fn what_was_altered_or_made_elsewhere_is_unknown() {
        let keys = keys(&["one"]);
        let nonce = keys.seal(NOW, b"", [4; 12]);
        for index in 0..nonce.len() {
            let mut altered = nonce.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(keys.open(&altered, b"", NOW, 300, 10), Err(NonceFault::Unknown), "{index}");
        }
        for other in ["", "eyJ7S_zG.eyJH0-Z.HX4w-7v", "x", &"A".repeat(54), &"A".repeat(8000)] {
            assert_eq!(keys.open(other, b"", NOW, 300, 10), Err(NonceFault::Unknown));
        }
        assert!(NonceKeys::new::<&str>(&[]).is_err());
        assert!(NonceKeys::new(&["one", ""]).is_err());
    }
}

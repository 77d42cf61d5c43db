//! What leaves this process of a session, sealed: nobody else reads, alters or makes one.
//!
//! `version (1) ‖ purpose (1) ‖ salt (16) ‖ IV (12) ‖ AES-256-GCM(data) with tag (16)`. Each seal has a key of its own, made of
//! the secret, the purpose and the salt (HKDF-SHA256, RFC 5869), so that the number of seals under one secret has no bound. All
//! that stands before the IV is authenticated, and so is the context: the cookie's name, or the id it is stored under.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;

use crate::environment::Random;

const VERSION: u8 = 1;
const SALT: usize = 16;
const IV: usize = 12;
const HEAD: usize = 2 + SALT;
const LABEL: &[u8] = b"keybound session v1";

/// What a seal is for: one for another purpose does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A session as a whole, in its cookie.
    Session,
    /// The id of a session that is stored elsewhere.
    SessionReference,
    /// A remembered login as a whole, in its cookie.
    Remember,
    /// The id of a remembered login that is stored elsewhere.
    RememberReference,
    /// A session in a store.
    Stored,
}

/// Seals and opens with one secret.
pub(super) struct Sealer {
    root: hkdf::Prk,
    random: Arc<dyn Random>,
}

impl Sealer {
    /// A sealer of this secret: 32 random bytes, or a text as unpredictable.
    pub(super) fn new(secret: &[u8], random: Arc<dyn Random>) -> Self {
        Self { root: hkdf::Salt::new(hkdf::HKDF_SHA256, LABEL).extract(secret), random }
    }

    /// The sealed form of `data`. `None` cannot happen, but is nothing to panic over.
    pub(super) fn seal(&self, purpose: Purpose, context: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let mut head = [0; HEAD];
        let mut iv = [0; IV];
        self.random.fill(&mut head);
        self.random.fill(&mut iv);
        let [version, of, ..] = &mut head;
        (*version, *of) = (VERSION, purpose as u8);
        let mut sealed = data.to_vec();
        let aad = additional(&head, context);
        self.key(&head)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut sealed)
            .ok()?;
        Some([head.as_slice(), &iv, &sealed].concat())
    }

    /// The data of a sealed form that was made with this secret, for this purpose and context.
    pub(super) fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (head, rest) = sealed.split_first_chunk::<HEAD>()?;
        let (iv, body) = rest.split_first_chunk::<IV>()?;
        if !is_of(head, purpose) {
            return None;
        }
        let mut body = body.to_vec();
        let aad = additional(head, context);
        let opened = self
            .key(head)?
            .open_in_place(Nonce::assume_unique_for_key(*iv), Aad::from(aad), &mut body)
            .ok()?
            .len();
        body.truncate(opened);
        Some(body)
    }

    fn key(&self, head: &[u8; HEAD]) -> Option<LessSafeKey> {
        let info = [LABEL, head.as_slice()];
        let key = self.root.expand(&info, &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(key)))
    }
}

/// Whether bytes look like a seal for this purpose: a cookie that does not is somebody else's.
pub(super) fn is_of(sealed: &[u8], purpose: Purpose) -> bool {
    matches!(sealed, [VERSION, of, ..] if *of == purpose as u8)
}

fn additional(head: &[u8; HEAD], context: &[u8]) -> Vec<u8> {
    [head.as_slice(), context].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn with(secret: &str) -> Sealer {
        Sealer::new(secret.as_bytes(), Arc::new(Counting(AtomicU8::new(1))))
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_and_context_only() {
        let sealer = with("one");
        let sealed = sealer.seal(Purpose::Session, b"session", b"data").unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"data"));
        assert_eq!(sealer.open(Purpose::Session, b"session", &sealed).as_deref(), Some(b"data".as_slice()));
        assert_eq!(sealer.open(Purpose::Remember, b"session", &sealed), None);
        assert_eq!(sealer.open(Purpose::Session, b"remember", &sealed), None);
        assert_eq!(with("two").open(Purpose::Session, b"session", &sealed), None);
    }

    #[test]
    fn a_purpose_cannot_be_written_over_another() {
        let sealer = with("one");
        let mut sealed = sealer.seal(Purpose::Remember, b"name", b"data").unwrap();
        sealed[1] = Purpose::Session as u8;
        assert_eq!(sealer.open(Purpose::Session, b"name", &sealed), None);
    }

    #[test]
    fn whatever_byte_is_altered_it_does_not_open() {
        let sealer = with("one");
        let sealed = sealer.seal(Purpose::Session, b"session", b"data").unwrap();
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert_eq!(sealer.open(Purpose::Session, b"session", &altered), None, "{index}");
        }
        for length in 0..sealed.len() {
            assert_eq!(sealer.open(Purpose::Session, b"session", &sealed[..length]), None, "{length}");
        }
    }

    #[test]
    fn equal_data_is_sealed_differently_each_time() {
        let sealer = with("one");
        let seal = || sealer.seal(Purpose::Session, b"session", b"data").unwrap();
        assert_ne!(seal()[HEAD..], seal()[HEAD..]);
    }
}

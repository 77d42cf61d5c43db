use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of a key.
const LENGTH: usize = 32;

/// The keys of the setting `store_key`, newest first.
#[derive(Clone)]
pub struct SealingKeys {
    newest: Arc<SealingKey>,
    older: Vec<Arc<SealingKey>>,
}

/// One key.
pub(crate) struct SealingKey {
    id: String,
    cipher: LessSafeKey,
}

/// Why the setting `store_key` cannot be read. Its text holds nothing of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreKeyFault {
    /// There is no key in it.
    #[error("holds no key")]
    Empty,
    /// A key is not 32 bytes of base64.
    #[error("key {0} is not 32 random bytes in base64, as `openssl rand -base64 32` makes them")]
    Form(usize),
    /// A key stands in it twice.
    #[error("key {0} stands there already")]
    Twice(usize),
}

impl SealingKeys {
    /// Reads keys, which commas separate, newest first: each 32 bytes in base64.
    ///
    /// # Errors
    /// [`StoreKeyFault`] with the number of the key, from 1.
    pub fn parse(text: &str) -> Result<Self, StoreKeyFault> {
        let mut keys: Vec<Arc<SealingKey>> = Vec::new();
        for (number, part) in (1..).zip(text.split(',').map(str::trim).filter(|part| !part.is_empty())) {
            let key = SealingKey::parse(part).ok_or(StoreKeyFault::Form(number))?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(StoreKeyFault::Twice(number));
            }
            keys.push(Arc::new(key));
        }
        let mut keys = keys.into_iter();
        let newest = keys.next().ok_or(StoreKeyFault::Empty)?;
        Ok(Self { newest, older: keys.collect() })
    }

    pub(super) fn newest(&self) -> &SealingKey {
        &self.newest
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&SealingKey> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.id == id).map(AsRef::as_ref)
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = std::iter::once(&self.newest).chain(&self.older).map(|key| &key.id);
        f.debug_list().entries(ids).finish()
    }
}

impl SealingKey {
    fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?);
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"keybound store key\0");
        context.update(&bytes);
        let id = context.finish().as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { id, cipher })
    }

    /// What sealed values call it; tells nothing of the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn cipher(&self) -> &LessSafeKey {
        &self.cipher
    }
}

//! Secrets at rest: sealed with the keys of the setting `store_key`.
//!
//! What a schema marks as encrypted is sealed with AES-256-GCM before it is stored, bound to its kind, its record and its
//! field: a value that is moved elsewhere does not open. Values name the key that sealed them, so that keys rotate: the
//! newest seals, all open. Of secret values that must be unique, a keyed digest is kept for look-ups.

mod cipher;
mod fields;
mod keys;

use std::sync::Arc;

use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keybound_model::entity::Descriptor;
use keybound_model::{PluginCatalog, Record};
use serde_json::Value;

use crate::config::StoreFault;

pub use keys::{SealingKeys, StoreKeyFault};

/// How secrets are sealed.
#[derive(Clone)]
pub struct Sealing {
    /// The keys.
    pub keys: SealingKeys,
    /// The plugins, whose schemas say what in their configurations is secret.
    pub catalog: Arc<dyn PluginCatalog>,
}

/// The key of digests.
pub(crate) enum Secret {
    /// None was made yet.
    New,
    /// Kept in the store, sealed.
    Kept {
        /// The sealed key.
        value: String,
        /// The key that it was sealed with.
        key: String,
    },
}

/// Seals and opens the secrets of one database.
pub(crate) struct Sealer {
    sealing: Sealing,
    digest_key: [u8; 32],
}

impl Sealer {
    /// # Errors
    /// The key of digests was sealed with a key that is not at hand, or does not open.
    pub(crate) fn new(sealing: Sealing, secret: Secret) -> Result<Self, StoreFault> {
        let digest_key = match secret {
            Secret::New => {
                let mut bytes = [0; 32];
                rand::fill(&mut bytes)
                    .map_err(|_| StoreFault::Engine("the system has no randomness to give".to_owned()))?;
                bytes
            }
            Secret::Kept { value, key } => {
                let opened = cipher::open(&sealing.keys, &Self::digest_place(), &value)?;
                let bytes = opened.as_str().and_then(|text| STANDARD_NO_PAD.decode(text).ok());
                bytes
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| StoreFault::Sealed(format!("'{key}', and hold no key")))?
            }
        };
        Ok(Self { sealing, digest_key })
    }

    /// The id of the key that seals.
    pub(crate) fn newest(&self) -> &str {
        self.sealing.keys.newest().id()
    }

    /// The key of digests, sealed with the newest key.
    pub(crate) fn sealed_digest_key(&self) -> Result<String, StoreFault> {
        let text = Value::String(STANDARD_NO_PAD.encode(self.digest_key));
        cipher::seal(self.sealing.keys.newest(), &Self::digest_place(), &text)
    }

    /// A text that the store keeps for itself, sealed with the newest key.
    pub(crate) fn seal_own(&self, name: &str, text: &str) -> Result<String, StoreFault> {
        let text = Value::String(text.to_owned());
        cipher::seal(self.sealing.keys.newest(), &cipher::place("@store", "", name), &text)
    }

    /// What [`Self::seal_own`] sealed.
    pub(crate) fn open_own(&self, name: &str, sealed: &str) -> Result<String, StoreFault> {
        let opened = cipher::open(&self.sealing.keys, &cipher::place("@store", "", name), sealed)?;
        let text = opened.as_str().map(str::to_owned);
        text.ok_or_else(|| StoreFault::Sealed(format!("a key, and hold no {name}")))
    }

    /// Seals the secrets of a record in place; answers the key's id, or `None` when there is none in it.
    pub(crate) fn seal(
        &self,
        entity: &'static Descriptor,
        record: &mut Record,
    ) -> Result<Option<&str>, StoreFault> {
        let key = self.sealing.keys.newest();
        let mut sealed = false;
        fields::each_secret(entity, record, &*self.sealing.catalog, &mut |place, value| {
            *value = Value::String(cipher::seal(key, place, value)?);
            sealed = true;
            Ok(())
        })?;
        Ok(sealed.then(|| key.id()))
    }

    /// Opens the secrets of a record in place.
    pub(crate) fn open(&self, entity: &'static Descriptor, record: &mut Record) -> Result<(), StoreFault> {
        fields::each_secret(entity, record, &*self.sealing.catalog, &mut |place, value| {
            // A field that became a secret after it was stored stands as it is until it is written again.
            if let Some(text) = value.as_str().filter(|text| cipher::is_sealed(text)) {
                *value = cipher::open(&self.sealing.keys, place, text)?;
            }
            Ok(())
        })
    }

    /// A digest of a secret value, by which it is found without being read.
    pub(crate) fn digest(&self, entity: &str, field: &str, value: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.digest_key);
        let mut context = hmac::Context::with_key(&key);
        for part in [entity, "\0", field, "\0", value] {
            context.update(part.as_bytes());
        }
        STANDARD_NO_PAD.encode(context.sign())
    }

    fn digest_place() -> String {
        cipher::place("@store", "", "digest")
    }
}

/// A digest of a value that is no secret.
pub(crate) fn plain_digest(value: &str) -> String {
    STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, value.as_bytes()))
}

#[cfg(test)]
mod tests;

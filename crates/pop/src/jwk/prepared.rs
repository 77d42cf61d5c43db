use std::sync::Arc;

use super::{Material, PublicKey, SignatureFault};
use crate::algorithm::Algorithm;
use crate::p256::{Base, Multiples};
use crate::thumbprint::sha256;

/// A key that comes back, made ready to verify for less than half of the cost, for some 90 kB of memory.
///
/// Only keys of P-256 can be prepared. It confirms signatures only: where it does not confirm one, the cryptographic library
/// decides, so that every refusal is the library's.
#[derive(Debug)]
pub struct PreparedKey {
    key: PublicKey,
    multiples: Multiples,
}

impl PublicKey {
    /// Whether there is something to prepare: the key is one of P-256.
    #[must_use]
    pub fn is_preparable(&self) -> bool {
        self.0.material.serves(Algorithm::Es256)
    }
}

/// Makes keys ready. It holds what all of them need of the curve, some 150 kB; one is enough for a process.
#[derive(Debug, Clone)]
pub struct Preparer(Option<Arc<Base>>);

impl Preparer {
    /// Works out what all keys need: about a millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self(Base::new().map(Arc::new))
    }

    /// Prepares a key, which takes as much time as a dozen of its signature checks; `None` for keys that are not of P-256.
    #[must_use]
    pub fn prepare(&self, key: &PublicKey) -> Option<PreparedKey> {
        match &key.0.material {
            Material::Ec(ec) => {
                let multiples = ec.multiples(self.0.as_ref()?)?;
                Some(PreparedKey { key: key.clone(), multiples })
            }
            Material::Rsa(_) | Material::Okp(_) => None,
        }
    }
}

impl Default for Preparer {
    fn default() -> Self {
        Self::new()
    }
}

impl PreparedKey {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The memory that it takes beside the key, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.multiples.size()
    }

    /// As [`PublicKey::verify`], with the same result.
    ///
    /// # Errors
    /// [`SignatureFault`] when it does not verify, or the key does not fit the algorithm.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        if self.key.fits(algorithm) && self.multiples.confirms(&sha256(message), signature) {
            return Ok(());
        }
        self.key.verify(algorithm, message, signature)
    }
}

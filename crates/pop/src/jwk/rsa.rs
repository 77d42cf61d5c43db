use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents,
};
use serde_json::{Map, Value};

use super::{KeyFault, SignatureFault, bytes};
use crate::algorithm::Algorithm;
use crate::base64url;

/// An RSA key. Parsed once for each algorithm that it is used with.
pub(super) struct RsaKey {
    n: Vec<u8>,
    e: Vec<u8>,
    parsed: [OnceLock<Option<ParsedPublicKey>>; 6],
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RsaKey({} bits)", self.bits())
    }
}

impl RsaKey {
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyFault> {
        let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
        // Base64urlUInt has no leading zero octets (RFC 7518 §2): one number, one text, one thumbprint.
        if n.first().is_none_or(|first| *first == 0) || e.first().is_none_or(|first| *first == 0) {
            return Err(KeyFault::Member);
        }
        if !(2048..=8192).contains(&bit_length(&n)) || n.last().is_none_or(|last| last & 1 == 0) {
            return Err(KeyFault::ModulusSize);
        }
        let odd = e.last().is_some_and(|last| last & 1 == 1);
        let value = e.iter().take(5).fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        if !odd || e.len() > 5 || bit_length(&e) > 33 || value < 65_537 {
            return Err(KeyFault::Exponent);
        }
        Ok(Self { n, e, parsed: Default::default() })
    }

    pub(super) const fn serves(algorithm: Algorithm) -> bool {
        slot(algorithm).is_some()
    }

    pub(super) fn bits(&self) -> usize {
        bit_length(&self.n)
    }

    /// The public exponent; five octets at most.
    pub(super) fn exponent(&self) -> u64 {
        self.e.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }

    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        let (index, parameters) = slot(algorithm).ok_or(SignatureFault)?;
        if signature.len() != self.n.len() {
            return Err(SignatureFault);
        }
        self.parsed
            .get(index)
            .ok_or(SignatureFault)?
            .get_or_init(|| {
                RsaPublicKeyComponents { n: &self.n, e: &self.e }.to_parsed_public_key(parameters).ok()
            })
            .as_ref()
            .ok_or(SignatureFault)?
            .verify_sig(message, signature)
            .map_err(|_| SignatureFault)
    }

    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        vec![("e", base64url::encode(&self.e)), ("kty", "RSA".to_owned()), ("n", base64url::encode(&self.n))]
    }
}

const fn slot(algorithm: Algorithm) -> Option<(usize, &'static RsaParameters)> {
    match algorithm {
        Algorithm::Rs256 => Some((0, &RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::Rs384 => Some((1, &RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::Rs512 => Some((2, &RSA_PKCS1_2048_8192_SHA512)),
        Algorithm::Ps256 => Some((3, &RSA_PSS_2048_8192_SHA256)),
        Algorithm::Ps384 => Some((4, &RSA_PSS_2048_8192_SHA384)),
        Algorithm::Ps512 => Some((5, &RSA_PSS_2048_8192_SHA512)),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa | Algorithm::Ed25519 => {
            None
        }
    }
}

fn bit_length(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

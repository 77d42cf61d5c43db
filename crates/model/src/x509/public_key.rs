use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

use super::der::{BIT_STRING, OBJECT_ID, Reader, SEQUENCE};

/// A public key, as far as it takes to compare it with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The kind of key.
    pub kind: KeyKind,
    /// The key itself: what stands in the bit string of a `SubjectPublicKeyInfo`.
    pub bits: Vec<u8>,
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// Elliptic curves of NIST.
    Ec,
    /// Ed25519.
    Ed25519,
    /// Anything else.
    Other,
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const EDWARDS_25519: &[u8] = &[0x2b, 0x65, 0x70];

impl PublicKey {
    /// The key of a `SubjectPublicKeyInfo` in DER. Its form is read; whether it is a good key is for [`Self::from_pem`].
    #[must_use]
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut info = outer.open(SEQUENCE)?;
        let mut algorithm = info.open(SEQUENCE)?;
        let kind = match algorithm.expect(OBJECT_ID)? {
            RSA => KeyKind::Rsa,
            EC => KeyKind::Ec,
            EDWARDS_25519 => KeyKind::Ed25519,
            _ => KeyKind::Other,
        };
        let (unused, bits) = info.expect(BIT_STRING)?.split_first()?;
        // Keys without a bit would all be the same one.
        let sound = *unused == 0 && !bits.is_empty() && info.is_empty() && outer.is_empty();
        sound.then(|| Self { kind, bits: bits.to_vec() })
    }

    /// The key of a PEM block `PUBLIC KEY`, of a kind and size that signatures can be checked with.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let block = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = Self::from_spki(block.as_ref())?;
        let good = match key.kind {
            KeyKind::Rsa => {
                ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &block).is_ok()
            }
            KeyKind::Ec => [&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA384_ASN1, &ECDSA_P521_SHA512_ASN1]
                .into_iter()
                .any(|curve| ParsedPublicKey::new(curve, &block).is_ok()),
            KeyKind::Ed25519 => ParsedPublicKey::new(&ED25519, &block).is_ok(),
            KeyKind::Other => false,
        };
        good.then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_bits_and_nothing_behind_them() {
        let spki = |key: &[u8]| {
            let algorithm = [&[0x30, 5, 0x06, 3][..], EDWARDS_25519].concat();
            let inner = [&algorithm, key].concat();
            let mut der = vec![0x30, u8::try_from(inner.len()).unwrap()];
            der.extend(inner);
            PublicKey::from_spki(&der)
        };
        assert_eq!(spki(&[0x03, 2, 0, 7]).unwrap().bits, [7]);
        assert_eq!(spki(&[0x03, 1, 0]), None);
        assert_eq!(spki(&[0x03, 2, 0, 7, 0x05, 0]), None);
        assert_eq!(spki(&[0x03, 2, 1, 7]), None);
    }
}

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::{KeyKind, PublicKey};

/// Why text is no private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is no block with a private key, or one that is broken.
    #[error("no PEM block with a private key in the clear can be read")]
    Pem,
    /// It is not RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519.
    #[error("the key is broken, or not RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519")]
    Key,
}

/// The public half of a private key in PEM.
///
/// # Errors
/// [`KeyFault`]
pub fn public_half(pem: &str) -> Result<PublicKey, KeyFault> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyFault::Pem)?;
    let found = match &key {
        PrivateKeyDer::Pkcs1(key) => rsa(RsaKeyPair::from_der(key.secret_pkcs1_der()).ok()),
        PrivateKeyDer::Sec1(key) => elliptic(key.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(key) => {
            let der = key.secret_pkcs8_der();
            rsa(RsaKeyPair::from_pkcs8(der).ok()).or_else(|| elliptic(der)).or_else(|| edwards(der))
        }
        _ => None,
    };
    found.ok_or(KeyFault::Key)
}

fn rsa(pair: Option<RsaKeyPair>) -> Option<PublicKey> {
    pair.map(|pair| half(KeyKind::Rsa, pair.public_key().as_ref()))
}

fn elliptic(der: &[u8]) -> Option<PublicKey> {
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING]
        .into_iter()
        .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, der).ok())
        .map(|pair| half(KeyKind::Ec, pair.public_key().as_ref()))
}

fn edwards(der: &[u8]) -> Option<PublicKey> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    Some(half(KeyKind::Ed25519, pair.public_key().as_ref()))
}

fn half(kind: KeyKind, bits: &[u8]) -> PublicKey {
    PublicKey { kind, bits: bits.to_vec() }
}

//! Public keys as JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2), read strictly.
//!
//! The checks of [`PublicKey::from_jwk`], in order: no private member, whatever the type; `kty`; `use` and `key_ops` allow
//! verification; the type's own members (exact lengths, on the curve, sane sizes); `alg`, when there, is one that the key
//! can serve. `kid`, `x5c`, `x5u`, `x5t` and unknown members are ignored and nothing is ever fetched.

mod ec;
mod okp;
mod prepared;
mod rsa;
mod work;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::thumbprint::Thumbprint;

pub use prepared::{PreparedKey, Preparer};
pub use work::Work;

/// Members that only a private or a symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that was found in order, ready to verify. Cloning shares it.
#[derive(Debug, Clone)]
pub struct PublicKey(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    material: Material,
    thumbprint: Thumbprint,
    only: Option<Algorithm>,
}

#[derive(Debug)]
enum Material {
    Ec(ec::EcKey),
    Rsa(Box<rsa::RsaKey>),
    Okp(okp::OkpKey),
}

/// Why a JWK is not a public key that can verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum KeyFault {
    /// A private member is there: the key was given away, or the client is confused.
    #[error("jwk holds private key material")]
    Private,
    /// `kty` is missing, not a string, or not EC, RSA or OKP.
    #[error("jwk kty is not EC, RSA or OKP")]
    Type,
    /// `use` is not `sig`.
    #[error("jwk use is not sig")]
    Use,
    /// `key_ops` is not a list of names with `verify` among them.
    #[error("jwk key_ops does not allow verify")]
    Operations,
    /// `crv` is not one that signs: P-256, P-384, P-521, Ed25519.
    #[error("jwk crv is not supported")]
    Curve,
    /// A member of the key is missing or not canonical base64url.
    #[error("a jwk member is missing or not base64url")]
    Member,
    /// A coordinate has another length than the curve's.
    #[error("a jwk coordinate has the wrong length")]
    Length,
    /// The point is not on the curve, is the identity, or is of low order.
    #[error("the jwk point is not a valid public key")]
    Point,
    /// The modulus has fewer than 2048 or more than 8192 bits, or is even.
    #[error("the RSA modulus is not between 2048 and 8192 bits")]
    ModulusSize,
    /// The exponent is even, below 65537 or longer than 33 bits.
    #[error("the RSA exponent is not acceptable")]
    Exponent,
    /// `alg` is not one the key can serve.
    #[error("jwk alg contradicts the key")]
    Algorithm,
}

impl KeyFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 11] = [
        Self::Private,
        Self::Type,
        Self::Use,
        Self::Operations,
        Self::Curve,
        Self::Member,
        Self::Length,
        Self::Point,
        Self::ModulusSize,
        Self::Exponent,
        Self::Algorithm,
    ];
}

/// The signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureFault;

impl PublicKey {
    /// Reads and checks a public key.
    ///
    /// # Errors
    /// See [`KeyFault`].
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyFault> {
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return Err(KeyFault::Private);
        }
        let kty = jwk.get("kty").and_then(Value::as_str).ok_or(KeyFault::Type)?;
        if !matches!(kty, "EC" | "RSA" | "OKP") {
            return Err(KeyFault::Type);
        }
        intended_to_verify(jwk)?;
        let material = match kty {
            "EC" => Material::Ec(ec::EcKey::from_jwk(jwk)?),
            "RSA" => Material::Rsa(Box::new(rsa::RsaKey::from_jwk(jwk)?)),
            _ => Material::Okp(okp::OkpKey::from_jwk(jwk)?),
        };
        let only = match jwk.get("alg") {
            None => None,
            Some(Value::String(name)) => {
                let algorithm = Algorithm::from_name(name).ok_or(KeyFault::Algorithm)?;
                if !material.serves(algorithm) {
                    return Err(KeyFault::Algorithm);
                }
                Some(algorithm)
            }
            Some(_) => return Err(KeyFault::Algorithm),
        };
        let thumbprint = Thumbprint::of(material.thumbprint_input().as_bytes());
        Ok(Self(Arc::new(Inner { material, thumbprint, only })))
    }

    /// The thumbprint of RFC 7638, SHA-256.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint
    }

    /// Whether the key may verify signatures of this algorithm: its type and curve fit, and its `alg`, if any, agrees.
    /// An Ed25519 key serves both of its names.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let same = |only: Algorithm| only == algorithm || (is_ed25519(only) && is_ed25519(algorithm));
        self.0.material.serves(algorithm) && self.0.only.is_none_or(same)
    }

    /// Verifies a signature in the JWS form: for ECDSA the two numbers side by side (RFC 7518 §3.4).
    ///
    /// # Errors
    /// [`SignatureFault`] when it does not verify, or the key does not fit the algorithm.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        if !self.fits(algorithm) {
            return Err(SignatureFault);
        }
        match &self.0.material {
            Material::Ec(key) => key.verify(message, signature),
            Material::Rsa(key) => key.verify(algorithm, message, signature),
            Material::Okp(key) => key.verify(message, signature),
        }
    }

    /// The key's required members only: what the thumbprint is made of.
    #[must_use]
    pub fn to_jwk(&self) -> Map<String, Value> {
        self.0
            .material
            .members()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect()
    }

    /// What one signature check with this key costs, against one with P-256.
    #[must_use]
    pub fn work(&self) -> Work {
        match &self.0.material {
            Material::Ec(key) => Work::of_ec(key.algorithm()),
            Material::Rsa(key) => Work::of_rsa(key.bits(), key.exponent()),
            Material::Okp(_) => Work::PLAIN,
        }
    }

    /// The size of an RSA modulus in bits; `None` for other keys. A dear key is told apart by it.
    #[must_use]
    pub fn modulus_bits(&self) -> Option<usize> {
        match &self.0.material {
            Material::Rsa(key) => Some(key.bits()),
            Material::Ec(_) | Material::Okp(_) => None,
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.thumbprint == other.0.thumbprint && self.0.only == other.0.only
    }
}

impl Eq for PublicKey {}

impl Material {
    fn serves(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Ec(key) => key.algorithm() == algorithm,
            Self::Rsa(_) => rsa::RsaKey::serves(algorithm),
            Self::Okp(_) => is_ed25519(algorithm),
        }
    }

    /// The required members in the order of their names (RFC 7638 §3.2, §3.3).
    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ec(key) => key.members(),
            Self::Rsa(key) => key.members(),
            Self::Okp(key) => key.members(),
        }
    }

    /// The JSON text of RFC 7638 §3: the values are base64url or registered names and need no escape.
    fn thumbprint_input(&self) -> String {
        let members: Vec<String> =
            self.members().into_iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        format!("{{{}}}", members.join(","))
    }
}

const fn is_ed25519(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::EdDsa | Algorithm::Ed25519)
}

fn intended_to_verify(jwk: &Map<String, Value>) -> Result<(), KeyFault> {
    match jwk.get("use") {
        None => {}
        Some(Value::String(intent)) if intent == "sig" => {}
        Some(_) => return Err(KeyFault::Use),
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations))
            if operations.iter().all(Value::is_string)
                && operations.iter().any(|operation| operation == "verify") =>
        {
            Ok(())
        }
        Some(_) => Err(KeyFault::Operations),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyFault> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(KeyFault::Member)?;
    crate::base64url::decode(text).map_err(|_| KeyFault::Member)
}

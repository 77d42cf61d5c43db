//! Signing, for clients: DPoP proofs (RFC 9449 §4.2), client assertions (RFC 7523) and tokens of development providers.
//!
//! The verifier never needs this module. Keys sign with one algorithm each.

mod der;
mod private;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use serde_json::{Map, Value, json};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::jwk::{KeyFault, PublicKey};
use private::Private;

/// A private key with the one algorithm that it signs with.
pub struct SigningKey {
    algorithm: Algorithm,
    private: Private,
    public: PublicKey,
    jwk: Map<String, Value>,
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyFault {
    /// The public part is not a key that could verify.
    #[error(transparent)]
    Public(#[from] KeyFault),
    /// A private member is missing, or the parts do not belong together.
    #[error("the private members are missing or do not fit the public ones")]
    Private,
    /// `alg` is missing where the type leaves a choice, or does not fit.
    #[error("alg is missing or does not fit the key")]
    Algorithm,
    /// The machine gave no key or no signature.
    #[error("the cryptographic library refused")]
    Library,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, {})", self.algorithm, self.public.thumbprint())
    }
}

impl SigningKey {
    /// A new key. RSA keys have 2048 bits.
    ///
    /// # Errors
    /// [`SigningKeyFault::Library`] when the machine gives none.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyFault> {
        let mut jwk = match curve(algorithm) {
            Some((name, signing)) => private::generate_ec(name, signing)?,
            None if rsa_encoding(algorithm).is_some() => private::generate_rsa(KeySize::Rsa2048)?,
            None => private::generate_ed25519()?,
        };
        jwk.insert("alg".into(), algorithm.name().into());
        jwk.insert("use".into(), "sig".into());
        Self::from_jwk(&jwk)
    }

    /// Reads a private key from a JWK. Without `alg`: the curve's own, `EdDSA` for Ed25519; an RSA key needs one.
    ///
    /// # Errors
    /// See [`SigningKeyFault`].
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, SigningKeyFault> {
        let mut public = jwk.clone();
        for member in ["d", "p", "q", "dp", "dq", "qi", "key_ops"] {
            public.remove(member);
        }
        let public = PublicKey::from_jwk(&public)?;
        let algorithm = match jwk.get("alg").and_then(Value::as_str) {
            Some(name) => Algorithm::from_name(name).ok_or(SigningKeyFault::Algorithm)?,
            None => Algorithm::ALL
                .into_iter()
                .find(|algorithm| rsa_encoding(*algorithm).is_none() && public.fits(*algorithm))
                .ok_or(SigningKeyFault::Algorithm)?,
        };
        if !public.fits(algorithm) {
            return Err(SigningKeyFault::Algorithm);
        }
        let private = match curve(algorithm) {
            Some((_, signing)) => Private::ec(jwk, signing)?,
            None if rsa_encoding(algorithm).is_some() => Private::rsa(jwk)?,
            None => Private::ed25519(jwk)?,
        };
        Ok(Self { algorithm, private, public, jwk: jwk.clone() })
    }

    /// The private key as a JWK. Never log it.
    #[must_use]
    pub fn to_jwk(&self) -> Map<String, Value> {
        self.jwk.clone()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// The algorithm that it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs, in the form that JWS uses.
    ///
    /// # Errors
    /// [`SigningKeyFault::Library`] when the machine gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyFault> {
        self.private.sign(rsa_encoding(self.algorithm), message, &SystemRandom::new())
    }
}

/// A compact JWS: `alg` is set in the header.
///
/// # Errors
/// As [`SigningKey::sign`].
pub fn jws(
    key: &SigningKey,
    mut header: Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<String, SigningKeyFault> {
    header.insert("alg".into(), key.algorithm.name().into());
    let encode = |object: &Map<String, Value>| {
        serde_json::to_vec(object)
            .map(|bytes| base64url::encode(&bytes))
            .map_err(|_| SigningKeyFault::Library)
    };
    let mut text = format!("{}.{}", encode(&header)?, encode(claims)?);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    text.push_str(&base64url::encode(&signature));
    Ok(text)
}

/// The claims of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofClaims {
    /// `htm`: the request's method.
    pub method: String,
    /// `htu`: the request's URL; query and fragment are cut off.
    pub url: String,
    /// `jti`: at least 96 random bits.
    pub jti: String,
    /// `iat`, in seconds.
    pub iat: i64,
    /// `ath`: the digest of the access token the proof goes with.
    pub ath: Option<[u8; 32]>,
    /// `nonce`: the one the server gave.
    pub nonce: Option<String>,
}

/// Signs a proof (RFC 9449 §4.2).
///
/// # Errors
/// As [`SigningKey::sign`].
pub fn proof(key: &SigningKey, claims: &ProofClaims) -> Result<String, SigningKeyFault> {
    let mut header = Map::new();
    header.insert("typ".into(), "dpop+jwt".into());
    header.insert("jwk".into(), Value::Object(key.public.to_jwk()));
    let url = claims.url.split(['?', '#']).next().unwrap_or_default();
    let mut payload = Map::new();
    payload.insert("htm".into(), claims.method.as_str().into());
    payload.insert("htu".into(), url.into());
    payload.insert("jti".into(), claims.jti.as_str().into());
    payload.insert("iat".into(), json!(claims.iat));
    if let Some(ath) = &claims.ath {
        payload.insert("ath".into(), base64url::encode(ath).into());
    }
    if let Some(nonce) = &claims.nonce {
        payload.insert("nonce".into(), nonce.as_str().into());
    }
    jws(key, header, &payload)
}

fn curve(algorithm: Algorithm) -> Option<(&'static str, &'static EcdsaSigningAlgorithm)> {
    match algorithm {
        Algorithm::Es256 => Some(("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)),
        Algorithm::Es384 => Some(("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)),
        Algorithm::Es512 => Some(("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)),
        _ => None,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_algorithm_signs_verifies_and_any_other_message_does_not() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_jwk(&key.to_jwk()).unwrap();
            let signature = again.sign(b"message").unwrap();
            assert_eq!(key.public().verify(algorithm, b"message", &signature), Ok(()), "{algorithm}");
            assert!(key.public().verify(algorithm, b"massage", &signature).is_err(), "{algorithm}");
            assert_eq!(key.public().thumbprint(), again.public().thumbprint());
        }
    }

    #[test]
    fn a_private_part_of_another_key_is_refused() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let mut jwk = SigningKey::generate(algorithm).unwrap().to_jwk();
            let other = SigningKey::generate(algorithm).unwrap().to_jwk();
            jwk.insert("d".into(), other["d"].clone());
            assert_eq!(SigningKey::from_jwk(&jwk).err(), Some(SigningKeyFault::Private), "{algorithm}");
            jwk.remove("d");
            assert_eq!(SigningKey::from_jwk(&jwk).err(), Some(SigningKeyFault::Private), "{algorithm}");
        }
    }
}

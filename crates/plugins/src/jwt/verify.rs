//! The signature of a token, checked with the credential's algorithm and its key or secret.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use keybound_model::entity::JwtSecret;
use moka::sync::Cache;

use super::pem;
use super::token::Token;
use crate::fault::IdentityFault;

/// Public keys that are kept parsed.
const KEPT: u64 = 1024;

/// Base64 of either alphabet, once `+` and `/` are turned, with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The public keys of credentials, parsed once for each algorithm and text.
pub(super) struct Keys(Cache<(String, String), ParsedPublicKey>);

impl Keys {
    pub(super) fn new() -> Self {
        Self(Cache::new(KEPT))
    }

    /// Checks the signature of a token.
    ///
    /// # Errors
    /// [`IdentityFault::JwtAlgorithm`] when the token names another algorithm than the credential, [`IdentityFault::JwtKey`]
    /// when the credential has no key or secret that serves it, [`IdentityFault::JwtSignature`].
    pub(super) fn verify(
        &self,
        token: &Token<'_>,
        credential: &JwtSecret,
        is_base64: bool,
    ) -> Result<(), IdentityFault> {
        let algorithm = credential.algorithm.as_str();
        if token.algorithm() != algorithm {
            return Err(IdentityFault::JwtAlgorithm);
        }
        let verified = match symmetric(algorithm) {
            Some(algorithm) => {
                let secret = credential.secret.as_deref().and_then(|text| material(text, is_base64));
                let secret = secret.filter(|secret| !secret.is_empty()).ok_or(IdentityFault::JwtKey)?;
                hmac::verify(&hmac::Key::new(algorithm, &secret), token.signing_input(), token.signature())
                    .is_ok()
            }
            None => {
                let text = credential.rsa_public_key.as_deref().ok_or(IdentityFault::JwtKey)?;
                let key = self.public(algorithm, text, is_base64).ok_or(IdentityFault::JwtKey)?;
                key.verify_sig(token.signing_input(), token.signature()).is_ok()
            }
        };
        if verified { Ok(()) } else { Err(IdentityFault::JwtSignature) }
    }

    fn public(&self, name: &str, text: &str, is_base64: bool) -> Option<ParsedPublicKey> {
        let known = (name.to_owned(), text.to_owned());
        if let Some(key) = self.0.get(&known) {
            return Some(key);
        }
        let algorithm = asymmetric(name)?;
        let text = String::from_utf8(material(text, is_base64)?).ok()?;
        let key = ParsedPublicKey::new(algorithm, pem::public_key(&text)?).ok()?;
        self.0.insert(known, key.clone());
        Some(key)
    }
}

fn material(text: &str, is_base64: bool) -> Option<Vec<u8>> {
    if !is_base64 {
        return Some(text.as_bytes().to_vec());
    }
    BASE64.decode(text.replace('+', "-").replace('/', "_")).ok()
}

fn symmetric(name: &str) -> Option<hmac::Algorithm> {
    match name {
        "HS256" => Some(hmac::HMAC_SHA256),
        "HS384" => Some(hmac::HMAC_SHA384),
        "HS512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn asymmetric(name: &str) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match name {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "PS384" => &RSA_PSS_2048_8192_SHA384,
        "PS512" => &RSA_PSS_2048_8192_SHA512,
        "ES256" => &ECDSA_P256_SHA256_FIXED,
        "ES384" => &ECDSA_P384_SHA384_FIXED,
        "ES512" => &ECDSA_P521_SHA512_FIXED,
        "EdDSA" => &ED25519,
        _ => return None,
    })
}

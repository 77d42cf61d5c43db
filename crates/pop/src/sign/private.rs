use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use serde_json::{Map, Value};

use super::{SigningKeyFault, der};
use crate::base64url;

type Jwk = Map<String, Value>;

/// The library's form of a private key.
pub(super) enum Private {
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Private {
    pub(super) fn ec(jwk: &Jwk, signing: &'static EcdsaSigningAlgorithm) -> Result<Self, SigningKeyFault> {
        let mut point = vec![4];
        point.extend(member(jwk, "x")?);
        point.extend(member(jwk, "y")?);
        EcdsaKeyPair::from_private_key_and_public_key(signing, &member(jwk, "d")?, &point)
            .map(Self::Ec)
            .map_err(|_| SigningKeyFault::Private)
    }

    pub(super) fn rsa(jwk: &Jwk) -> Result<Self, SigningKeyFault> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: member(jwk, "n")?, e: member(jwk, "e")? },
            d: member(jwk, "d")?,
            p: member(jwk, "p")?,
            q: member(jwk, "q")?,
            dP: member(jwk, "dp")?,
            dQ: member(jwk, "dq")?,
            qInv: member(jwk, "qi")?,
        };
        RsaKeyPair::from_components(&components)
            .map(|pair| Self::Rsa(Box::new(pair)))
            .map_err(|_| SigningKeyFault::Private)
    }

    pub(super) fn ed25519(jwk: &Jwk) -> Result<Self, SigningKeyFault> {
        Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?)
            .map(Self::Ed25519)
            .map_err(|_| SigningKeyFault::Private)
    }

    pub(super) fn sign(
        &self,
        encoding: Option<&'static dyn RsaEncoding>,
        message: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, SigningKeyFault> {
        match self {
            Self::Ec(pair) => pair
                .sign(random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningKeyFault::Library),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningKeyFault::Library),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding.ok_or(SigningKeyFault::Algorithm)?, random, message, &mut signature)
                    .map_err(|_| SigningKeyFault::Library)?;
                Ok(signature)
            }
        }
    }
}

pub(super) fn generate_ec(
    curve: &str,
    signing: &'static EcdsaSigningAlgorithm,
) -> Result<Jwk, SigningKeyFault> {
    let pair = EcdsaKeyPair::generate(signing).map_err(|_| SigningKeyFault::Library)?;
    let private: EcPrivateKeyBin<'_> =
        pair.private_key().as_be_bytes().map_err(|_| SigningKeyFault::Library)?;
    let (_, point) = pair.public_key().as_ref().split_first().ok_or(SigningKeyFault::Library)?;
    let (x, y) = point.split_at(point.len() / 2);
    Ok(jwk("EC", Some(curve), &[("x", x), ("y", y), ("d", private.as_ref())]))
}

pub(super) fn generate_ed25519() -> Result<Jwk, SigningKeyFault> {
    let pair = Ed25519KeyPair::generate().map_err(|_| SigningKeyFault::Library)?;
    let seed = pair.seed().map_err(|_| SigningKeyFault::Library)?;
    let seed = seed.as_be_bytes().map_err(|_| SigningKeyFault::Library)?;
    Ok(jwk("OKP", Some("Ed25519"), &[("x", pair.public_key().as_ref()), ("d", seed.as_ref())]))
}

pub(super) fn generate_rsa(size: KeySize) -> Result<Jwk, SigningKeyFault> {
    let pair = RsaKeyPair::generate(size).map_err(|_| SigningKeyFault::Library)?;
    let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| SigningKeyFault::Library)?;
    rsa_members(document.as_ref()).ok_or(SigningKeyFault::Library)
}

/// The members of an RSA private key in a PKCS#8 document (RFC 5208 §5, RFC 8017 §A.1.2).
fn rsa_members(pkcs8: &[u8]) -> Option<Jwk> {
    let (info, _) = der::element(pkcs8, 0x30)?;
    let (_, info) = der::integer(info)?;
    let (_, info) = der::element(info, 0x30)?;
    let (key, _) = der::element(info, 0x04)?;
    let (key, _) = der::element(key, 0x30)?;
    let (_, mut rest) = der::integer(key)?;
    let mut numbers = Vec::with_capacity(8);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let (number, after) = der::integer(rest)?;
        numbers.push((name, number));
        rest = after;
    }
    Some(jwk("RSA", None, &numbers))
}

fn jwk(kty: &str, curve: Option<&str>, members: &[(&str, &[u8])]) -> Jwk {
    let mut jwk = Jwk::new();
    jwk.insert("kty".into(), kty.into());
    if let Some(curve) = curve {
        jwk.insert("crv".into(), curve.into());
    }
    for (name, bytes) in members {
        jwk.insert((*name).to_owned(), base64url::encode(bytes).into());
    }
    jwk
}

fn member(jwk: &Jwk, name: &str) -> Result<Vec<u8>, SigningKeyFault> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(SigningKeyFault::Private)?;
    base64url::decode(text).map_err(|_| SigningKeyFault::Private)
}

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    ParsedPublicKey,
};
use serde_json::{Map, Value};

use super::{KeyFault, SignatureFault, bytes};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::p256::{Base, Multiples};

/// A curve with the one algorithm that JWS allows on it (RFC 7518 §3.4).
struct Curve {
    name: &'static str,
    algorithm: Algorithm,
    coordinate: usize,
    verification: &'static EcdsaVerificationAlgorithm,
}

static CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        algorithm: Algorithm::Es256,
        coordinate: 32,
        verification: &ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        name: "P-384",
        algorithm: Algorithm::Es384,
        coordinate: 48,
        verification: &ECDSA_P384_SHA384_FIXED,
    },
    Curve {
        name: "P-521",
        algorithm: Algorithm::Es512,
        coordinate: 66,
        verification: &ECDSA_P521_SHA512_FIXED,
    },
];

/// An elliptic curve key.
#[derive(Debug)]
pub(super) struct EcKey {
    curve: &'static Curve,
    x: Vec<u8>,
    y: Vec<u8>,
    parsed: ParsedPublicKey,
}

impl std::fmt::Debug for Curve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl EcKey {
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyFault> {
        let name = jwk.get("crv").and_then(Value::as_str).ok_or(KeyFault::Curve)?;
        let curve = CURVES.iter().find(|curve| curve.name == name).ok_or(KeyFault::Curve)?;
        let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
        if x.len() != curve.coordinate || y.len() != curve.coordinate {
            return Err(KeyFault::Length);
        }
        let mut point = Vec::with_capacity(1 + x.len() + y.len());
        point.push(4);
        point.extend_from_slice(&x);
        point.extend_from_slice(&y);
        // Refuses coordinates that are not field elements and points off the curve; the identity has no such form.
        let parsed = ParsedPublicKey::new(curve.verification, &point).map_err(|_| KeyFault::Point)?;
        Ok(Self { curve, x, y, parsed })
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.curve.algorithm
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        if signature.len() != 2 * self.curve.coordinate {
            return Err(SignatureFault);
        }
        self.parsed.verify_sig(message, signature).map_err(|_| SignatureFault)
    }

    /// Multiples of the point, for a key of P-256.
    pub(super) fn multiples(&self, base: &Arc<Base>) -> Option<Multiples> {
        match (self.curve.algorithm, self.x.first_chunk(), self.y.first_chunk()) {
            (Algorithm::Es256, Some(x), Some(y)) => Multiples::new(base, x, y),
            _ => None,
        }
    }

    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        vec![
            ("crv", self.curve.name.to_owned()),
            ("kty", "EC".to_owned()),
            ("x", base64url::encode(&self.x)),
            ("y", base64url::encode(&self.y)),
        ]
    }
}

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use serde_json::{Map, Value};

use super::{KeyFault, SignatureFault, bytes};
use crate::base64url;

/// An Ed25519 key (RFC 8037).
#[derive(Debug)]
pub(super) struct OkpKey {
    x: [u8; 32],
    parsed: ParsedPublicKey,
}

impl OkpKey {
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyFault> {
        if jwk.get("crv").and_then(Value::as_str) != Some("Ed25519") {
            return Err(KeyFault::Curve);
        }
        let x: [u8; 32] = bytes(jwk, "x")?.try_into().map_err(|_| KeyFault::Length)?;
        if !is_canonical(&x) || is_low_order(&x) {
            return Err(KeyFault::Point);
        }
        let parsed = ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyFault::Point)?;
        Ok(Self { x, parsed })
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        if signature.len() != 64 {
            return Err(SignatureFault);
        }
        self.parsed.verify_sig(message, signature).map_err(|_| SignatureFault)
    }

    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", base64url::encode(&self.x))]
    }
}

/// The y coordinates of the eight points whose order divides the cofactor, little-endian, without the sign bit. With such a
/// key one signature verifies for many messages (RFC 8032 §5.1 has no use for them).
const LOW_ORDER: [[u8; 32]; 5] = [
    // 0: order 4
    [0; 32],
    // 1: the identity
    small(1),
    // p - 1: order 2
    near_prime(0xec),
    // order 8, two values of y
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
];

const fn small(value: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = value;
    bytes
}

/// 2^255 - 256 + `low`: the field's prime is `near_prime(0xed)`.
const fn near_prime(low: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = low;
    bytes[31] = 0x7f;
    bytes
}

fn without_sign(x: &[u8; 32]) -> [u8; 32] {
    let mut y = *x;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    y
}

fn is_low_order(x: &[u8; 32]) -> bool {
    LOW_ORDER.contains(&without_sign(x))
}

/// Whether y is below the field's prime (RFC 8032 §5.1.3): one point, one text.
fn is_canonical(x: &[u8; 32]) -> bool {
    without_sign(x).iter().rev().lt(near_prime(0xed).iter().rev())
}

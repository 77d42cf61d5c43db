//! ES256 under a key that comes back: verification for less than half of its usual cost.
//!
//! A client signs every request with one key, and most of what a signature check costs is doublings of that key's point.
//! [`Multiples`] holds multiples of the point, worked out once, and is left with additions alone. It only ever **confirms**
//! a signature: where it does not, the cryptographic library decides, so that a refusal is always the library's.
//!
//! Everything here is public: key, signature, message. The code therefore takes branches as it likes, and must never be used
//! for anything that holds a secret. It follows FIPS 186-5 §6.4.2; field and scalar arithmetic are checked against
//! formally verified code, the whole against Wycheproof and the library, in the tests.

mod field;
mod inverse;
mod limbs;
mod point;
mod scalar;
mod sum;
mod table;

use std::sync::Arc;

use self::field::{Field, PRIME};
use self::point::Affine;
use self::scalar::{ORDER, Scalar};
use self::table::Table;

/// The generator (SEC 2 §2.4.2).
const GENERATOR: Affine = Affine {
    x: Field::new([
        0xf4a1_3945_d898_c296,
        0x7703_7d81_2deb_33a0,
        0xf8bc_e6e5_63a4_40f2,
        0x6b17_d1f2_e12c_4247,
    ]),
    y: Field::new([
        0xcbb6_4068_37bf_51f5,
        0x2bce_3357_6b31_5ece,
        0x8ee7_eb4a_7c0f_9e16,
        0x4fe3_42e2_fe1a_7f9b,
    ]),
};

/// Multiples of the generator, for all keys: a megabyte and a half.
pub(crate) struct Base(Table<11>);

/// Multiples of a public key's point, beside those of the generator.
pub(crate) struct Multiples {
    base: Arc<Base>,
    table: Table<7>,
}

impl Base {
    pub(crate) fn new() -> Option<Self> {
        Table::new(GENERATOR).map(Self)
    }
}

impl Multiples {
    /// Works out the multiples: as much time as two dozen signature checks take. The coordinates must be those of a point that
    /// was found to lie on the curve.
    pub(crate) fn new(base: &Arc<Base>, x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let (x, y) = (limbs::from_bytes(x), limbs::from_bytes(y));
        if !limbs::is_below(x, PRIME) || !limbs::is_below(y, PRIME) {
            return None;
        }
        let table = Table::new(Affine { x: Field::new(x), y: Field::new(y) })?;
        Some(Self { base: Arc::clone(base), table })
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.table.size()
    }

    /// Whether the signature (`r` and `s`, 32 bytes each) of the message with this SHA-256 digest is confirmed.
    pub(crate) fn confirms(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        self.check(digest, signature).unwrap_or(false)
    }

    fn check(&self, digest: &[u8; 32], signature: &[u8]) -> Option<bool> {
        let (r, s) = signature.split_first_chunk::<32>()?;
        let (r, s) = (limbs::from_bytes(r), limbs::from_bytes(s.try_into().ok()?));
        let in_range = |number| number != [0; 4] && limbs::is_below(number, ORDER);
        if !in_range(r) || !in_range(s) {
            return None;
        }
        let inverse = Scalar::reduced(s).inverted();
        let of_base = Scalar::reduced(limbs::from_bytes(digest)).mul(&inverse).value();
        let of_key = Scalar::reduced(r).mul(&inverse).value();
        let mut summands = Vec::with_capacity(Table::<11>::WINDOWS + Table::<7>::WINDOWS);
        self.base.0.add_multiple(&mut summands, of_base);
        self.table.add_multiple(&mut summands, of_key);
        let sum = sum::of(summands);
        if sum.z.is_zero() {
            return None;
        }
        // x = X / Z² is compared with r modulo the order: x is r, or r + n where that is below the prime.
        let z_squared = sum.z.square();
        if Field::new(r).mul(&z_squared) == sum.x {
            return Some(true);
        }
        let (wrapped, carry) = limbs::add(r, ORDER);
        Some(carry == 0 && limbs::is_below(wrapped, PRIME) && Field::new(wrapped).mul(&z_squared) == sum.x)
    }
}

impl std::fmt::Debug for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Base").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Multiples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multiples").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! Numbers modulo the order of the curve, in Montgomery form.

use super::inverse::{self, Modulus};
use super::limbs::{self, Limbs, adc, mac};

/// The order of the curve's group (SEC 2 §2.4.2).
pub(super) const ORDER: Limbs =
    [0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000];

/// 2^512 modulo the order.
const SQUARED_RADIX: Limbs =
    [0x8324_4c95_be79_eea2, 0x4699_799c_49bd_6fa6, 0x2845_b239_2b6b_ec59, 0x66e1_2d94_f3d9_5620];

/// −1 / order modulo 2^64.
const FACTOR: u64 = 0xccd1_c8aa_ee00_bc4f;

struct Order;

impl Modulus for Order {
    const VALUE: Limbs = ORDER;
}

/// A number modulo the order; always below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scalar(Limbs);

impl Scalar {
    /// The number of this value, less the order unless it is smaller already.
    pub(super) const fn reduced(value: Limbs) -> Self {
        Self(limbs::reduced(value, 0, ORDER)).mul(&Self(SQUARED_RADIX))
    }

    /// The value.
    pub(super) const fn value(&self) -> Limbs {
        self.mul(&Self([1, 0, 0, 0])).0
    }

    /// The words that it is kept in.
    #[cfg(test)]
    pub(super) const fn words(&self) -> Limbs {
        self.0
    }

    #[inline]
    pub(super) const fn mul(&self, other: &Self) -> Self {
        let [b0, b1, b2, b3] = other.0;
        let mut sum = [0; 5];
        sum = round(sum, self.0, b0);
        sum = round(sum, self.0, b1);
        sum = round(sum, self.0, b2);
        let [s0, s1, s2, s3, top] = round(sum, self.0, b3);
        Self(limbs::reduced([s0, s1, s2, s3], top, ORDER))
    }

    /// The inverse of a number other than zero.
    pub(super) fn inverted(&self) -> Self {
        Self::reduced(inverse::of::<Order>(self.value()))
    }
}

/// Adds `a · b` and the multiple of the order that makes the lowest word zero, which is then dropped.
#[inline(always)]
const fn round([s0, s1, s2, s3, s4]: [u64; 5], [a0, a1, a2, a3]: Limbs, b: u64) -> [u64; 5] {
    let (t0, carry) = mac(s0, a0, b, 0);
    let (t1, carry) = mac(s1, a1, b, carry);
    let (t2, carry) = mac(s2, a2, b, carry);
    let (t3, carry) = mac(s3, a3, b, carry);
    let (t4, t5) = adc(s4, carry, 0);
    let m = t0.wrapping_mul(FACTOR);
    let (_, carry) = mac(t0, m, ORDER[0], 0);
    let (r1, carry) = mac(t1, m, ORDER[1], carry);
    let (r2, carry) = mac(t2, m, ORDER[2], carry);
    let (r3, carry) = mac(t3, m, ORDER[3], carry);
    let (r4, carry) = adc(t4, carry, 0);
    [r1, r2, r3, r4, t5 + carry]
}

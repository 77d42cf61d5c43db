//! The field of the curve's coordinates, in Montgomery form: a value `x` is kept as `x · 2^256` modulo the prime.

use super::inverse::{self, Modulus};
use super::limbs::{self, Limbs, adc, mac};

/// The prime: 2^256 − 2^224 + 2^192 + 2^96 − 1.
pub(super) const PRIME: Limbs = [0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0, 0xffff_ffff_0000_0001];

/// 2^512 modulo the prime.
const SQUARED_RADIX: Limbs =
    [0x0000_0000_0000_0003, 0xffff_fffb_ffff_ffff, 0xffff_ffff_ffff_fffe, 0x0000_0004_ffff_fffd];

struct Prime;

impl Modulus for Prime {
    const VALUE: Limbs = PRIME;
}

/// An element of the field; always below the prime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field(Limbs);

impl Field {
    pub(super) const ZERO: Self = Self([0; 4]);
    /// 2^256 modulo the prime.
    pub(super) const ONE: Self =
        Self([0x0000_0000_0000_0001, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_fffe]);

    /// The element of this value, which must be below the prime.
    pub(super) const fn new(value: Limbs) -> Self {
        Self(value).mul(&Self(SQUARED_RADIX))
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

    pub(super) fn is_zero(&self) -> bool {
        self.0 == [0; 4]
    }

    #[inline(always)]
    pub(super) const fn add(&self, other: &Self) -> Self {
        Self(limbs::add_mod(self.0, other.0, PRIME))
    }

    #[inline(always)]
    pub(super) const fn sub(&self, other: &Self) -> Self {
        Self(limbs::sub_mod(self.0, other.0, PRIME))
    }

    pub(super) const fn negated(&self) -> Self {
        Self::ZERO.sub(self)
    }

    #[inline]
    pub(super) const fn mul(&self, other: &Self) -> Self {
        let [b0, b1, b2, b3] = other.0;
        let [t0, s0, s1, s2, s3] = row([0; 4], self.0, b0);
        let [t1, s0, s1, s2, s3] = row([s0, s1, s2, s3], self.0, b1);
        let [t2, s0, s1, s2, s3] = row([s0, s1, s2, s3], self.0, b2);
        let [t3, t4, t5, t6, t7] = row([s0, s1, s2, s3], self.0, b3);
        Self::divided([t0, t1, t2, t3], [t4, t5, t6, t7])
    }

    #[inline]
    pub(super) const fn square(&self) -> Self {
        let [a0, a1, a2, a3] = self.0;
        // The products of different words, which count twice.
        let (t1, carry) = mac(0, a0, a1, 0);
        let (t2, carry) = mac(0, a0, a2, carry);
        let (t3, t4) = mac(0, a0, a3, carry);
        let (t3, carry) = mac(t3, a1, a2, 0);
        let (t4, t5) = mac(t4, a1, a3, carry);
        let (t5, t6) = mac(t5, a2, a3, 0);
        let (t7, t6, t5) = (t6 >> 63, (t6 << 1) | (t5 >> 63), (t5 << 1) | (t4 >> 63));
        let (t4, t3, t2, t1) =
            ((t4 << 1) | (t3 >> 63), (t3 << 1) | (t2 >> 63), (t2 << 1) | (t1 >> 63), t1 << 1);
        // The squares of the words.
        let (t0, carry) = mac(0, a0, a0, 0);
        let (t1, carry) = adc(t1, carry, 0);
        let (t2, carry) = mac(t2, a1, a1, carry);
        let (t3, carry) = adc(t3, carry, 0);
        let (t4, carry) = mac(t4, a2, a2, carry);
        let (t5, carry) = adc(t5, carry, 0);
        let (t6, carry) = mac(t6, a3, a3, carry);
        let (t7, _) = adc(t7, carry, 0);
        Self::divided([t0, t1, t2, t3], [t4, t5, t6, t7])
    }

    /// A product of two elements, by its halves, divided by 2^256 modulo the prime.
    #[inline(always)]
    const fn divided(low: Limbs, high: Limbs) -> Self {
        // The lower half is brought to zero word by word; what remains is added to the upper half.
        let (sum, carry) = limbs::add(folded(folded(folded(folded(low)))), high);
        Self(limbs::reduced(sum, carry, PRIME))
    }

    pub(super) const fn doubled(&self) -> Self {
        self.add(self)
    }

    /// The inverse. Zero has none and stays zero.
    pub(super) fn inverted(&self) -> Self {
        Self::new(inverse::of::<Prime>(self.value()))
    }
}

/// `sum + a · b`. The upper halves of the products are added to the lower ones first: two chains of carries take less time than
/// one that goes through every multiplication.
#[inline(always)]
const fn row([s0, s1, s2, s3]: Limbs, [a0, a1, a2, a3]: Limbs, b: u64) -> [u64; 5] {
    let ((l0, h0), (l1, h1)) = (mac(0, a0, b, 0), mac(0, a1, b, 0));
    let ((l2, h2), (l3, h3)) = (mac(0, a2, b, 0), mac(0, a3, b, 0));
    let (l1, carry) = adc(l1, h0, 0);
    let (l2, carry) = adc(l2, h1, carry);
    let (l3, carry) = adc(l3, h2, carry);
    let (l4, _) = adc(h3, 0, carry);
    let (sum, carry) = limbs::add([s0, s1, s2, s3], [l0, l1, l2, l3]);
    let [t0, t1, t2, t3] = sum;
    [t0, t1, t2, t3, l4 + carry]
}

/// One word of a reduction: adds the multiple of the prime that makes the lowest word zero, which is then dropped.
///
/// The prime is −1 modulo 2^64, so that the multiple is the lowest word `m` itself, and its products are shifts but for
/// the highest: `m · p = m · 2^64 · (2^32 + …)`.
#[inline(always)]
const fn folded([m, t1, t2, t3]: Limbs) -> Limbs {
    let (r1, carry) = adc(t1, m << 32, 0);
    let (r2, carry) = adc(t2, m >> 32, carry);
    let (r3, r4) = mac(t3, m, PRIME[3], carry);
    [r1, r2, r3, r4]
}

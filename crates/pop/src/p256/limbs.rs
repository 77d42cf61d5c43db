//! Words of 64 bits with carries, the ground that both fields stand on.

/// 256 bits, the lowest word first.
pub(super) type Limbs = [u64; 4];

/// `a + b · c + carry`, as the lower and the upper word.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a double word")]
pub(super) const fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let sum = a as u128 + b as u128 * c as u128 + carry as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// `a + b` and a carry of 0 or 1, as the lower word and the carry.
#[inline(always)]
pub(super) const fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let (sum, one) = a.overflowing_add(b);
    let (sum, other) = sum.overflowing_add(carry);
    (sum, (one | other) as u64)
}

/// `a - b` and a borrow of 0 or 1, and whether it borrowed.
#[inline(always)]
pub(super) const fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (difference, one) = a.overflowing_sub(b);
    let (difference, other) = difference.overflowing_sub(borrow);
    (difference, (one | other) as u64)
}

/// `a - b`, and whether it borrowed.
#[inline(always)]
pub(super) const fn sub([a0, a1, a2, a3]: Limbs, [b0, b1, b2, b3]: Limbs) -> (Limbs, u64) {
    let (d0, borrow) = sbb(a0, b0, 0);
    let (d1, borrow) = sbb(a1, b1, borrow);
    let (d2, borrow) = sbb(a2, b2, borrow);
    let (d3, borrow) = sbb(a3, b3, borrow);
    ([d0, d1, d2, d3], borrow)
}

/// `a + b`, and the carry.
#[inline(always)]
pub(super) const fn add([a0, a1, a2, a3]: Limbs, [b0, b1, b2, b3]: Limbs) -> (Limbs, u64) {
    let (s0, carry) = adc(a0, b0, 0);
    let (s1, carry) = adc(a1, b1, carry);
    let (s2, carry) = adc(a2, b2, carry);
    let (s3, carry) = adc(a3, b3, carry);
    ([s0, s1, s2, s3], carry)
}

/// The value with `top` as its fifth word, less `modulus` unless it is smaller already.
#[inline(always)]
pub(super) const fn reduced(value: Limbs, top: u64, modulus: Limbs) -> Limbs {
    let (less, borrow) = sub(value, modulus);
    let (_, borrow) = sbb(top, 0, borrow);
    // By a mask: a branch would be mispredicted every other time.
    select(borrow, value, less)
}

/// `one` where the bit is set, else `zero`.
#[inline(always)]
const fn select(bit: u64, [a0, a1, a2, a3]: Limbs, [b0, b1, b2, b3]: Limbs) -> Limbs {
    let mask = 0_u64.wrapping_sub(bit);
    [
        (a0 & mask) | (b0 & !mask),
        (a1 & mask) | (b1 & !mask),
        (a2 & mask) | (b2 & !mask),
        (a3 & mask) | (b3 & !mask),
    ]
}

/// `a + b` below the modulus, where both are.
#[inline(always)]
pub(super) const fn add_mod(a: Limbs, b: Limbs, modulus: Limbs) -> Limbs {
    let (sum, carry) = add(a, b);
    reduced(sum, carry, modulus)
}

/// `a - b` below the modulus, where both are.
#[inline(always)]
pub(super) const fn sub_mod(a: Limbs, b: Limbs, modulus: Limbs) -> Limbs {
    let (difference, borrow) = sub(a, b);
    let (more, _) = add(difference, modulus);
    select(borrow, more, difference)
}

/// A number of 32 bytes, the highest first.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    limbs
}

/// Whether `a` is smaller than `b`.
pub(super) const fn is_below(a: Limbs, b: Limbs) -> bool {
    sub(a, b).1 == 1
}

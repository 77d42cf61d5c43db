//! Multiples of a point that are worked out once, so that any multiple is a sum of few of them.

use super::limbs::Limbs;
use super::point::{Affine, Point, normalized};

/// The multiples 1 to 2^(`WIDTH` − 1) of the point times 2^(`WIDTH` · i), for every i that a number of 256 bits needs.
pub(super) struct Table<const WIDTH: usize>(Vec<Affine>);

impl<const WIDTH: usize> Table<WIDTH> {
    /// How many points a multiple is the sum of, at most: one more bit than a number has, so that the last carry finds its place.
    pub(super) const WINDOWS: usize = 257_usize.div_ceil(WIDTH);
    const MULTIPLES: usize = 1 << (WIDTH - 1);

    /// The table of a point of the curve.
    pub(super) fn new(point: Affine) -> Option<Self> {
        let mut bases = Vec::with_capacity(Self::WINDOWS);
        let mut base = Point::from(point);
        for _ in 0..Self::WINDOWS {
            bases.push(base);
            for _ in 0..WIDTH {
                base = base.doubled();
            }
        }
        let mut multiples = Vec::with_capacity(Self::WINDOWS * Self::MULTIPLES);
        for base in normalized(&bases)? {
            let mut multiple = Point::IDENTITY;
            for _ in 0..Self::MULTIPLES {
                multiple = multiple.plus(&base);
                multiples.push(multiple);
            }
        }
        normalized(&multiples).map(Self)
    }

    /// Its bytes.
    pub(super) fn size(&self) -> usize {
        self.0.len() * size_of::<Affine>()
    }

    /// Adds the points whose sum is the multiple of the point: one for each digit that is not zero.
    pub(super) fn add_multiple(&self, to: &mut Vec<Affine>, number: Limbs) {
        let mut carry = 0;
        for (window, row) in self.0.chunks_exact(Self::MULTIPLES).enumerate() {
            // Digits from −2^(w−1) + 1 to 2^(w−1): what is larger borrows from the next window.
            let digit = bits(number, window * WIDTH, WIDTH) + carry;
            let (negative, digit) =
                if digit > Self::MULTIPLES { (true, (1 << WIDTH) - digit) } else { (false, digit) };
            carry = usize::from(negative);
            let Some(multiple) = digit.checked_sub(1).and_then(|index| row.get(index)) else { continue };
            to.push(if negative { multiple.negated() } else { *multiple });
        }
    }
}

/// So many bits of a number from `start` on; those beyond its end are zero.
fn bits(number: Limbs, start: usize, count: usize) -> usize {
    let (word, shift) = (start / 64, start % 64);
    let low = number.get(word).map_or(0, |word| word >> shift);
    let high = if shift == 0 { 0 } else { number.get(word + 1).map_or(0, |word| word << (64 - shift)) };
    usize::try_from((low | high) & ((1 << count) - 1)).unwrap_or(0)
}

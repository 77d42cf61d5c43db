use crate::algorithm::Algorithm;

/// What one signature check costs: hundredths of a check with P-256.
///
/// Measured with aws-lc on x86-64, the key's preparation by the library included, and rounded up: what it bounds is a share of the
/// processor, so that a rough figure is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work(u32);

impl Work {
    /// A check with P-256 or Ed25519.
    pub const PLAIN: Self = Self(100);
    /// The most that any key which is accepted costs: RSA of 8192 bits with the longest exponent.
    pub const MOST: Self = Self::of_rsa(8192, (1 << 33) - 1);

    /// Hundredths of a check with P-256.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// Whether it is more than twice what a check with P-256 costs.
    #[must_use]
    pub const fn is_dear(self) -> bool {
        self.0 > 2 * Self::PLAIN.0
    }

    pub(super) const fn of_ec(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es384 => Self(350),
            Algorithm::Es512 => Self(600),
            _ => Self::PLAIN,
        }
    }

    /// An RSA check is one multiplication for each bit of the exponent but the first, and one more for each that is set;
    /// a multiplication grows with the square of the modulus.
    pub(super) const fn of_rsa(bits: usize, exponent: u64) -> Self {
        let multiplications = exponent.ilog2() + exponent.count_ones() - 1;
        let size = (bits as u32).div_ceil(1024);
        Self((multiplications * size * size).div_ceil(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: u64 = 65_537;

    #[test]
    fn what_ordinary_clients_use_is_not_dear_and_what_costs_more_is() {
        for work in
            [Work::PLAIN, Work::of_ec(Algorithm::Es256), Work::of_rsa(2048, F4), Work::of_rsa(4096, F4)]
        {
            assert!(!work.is_dear(), "{work:?}");
        }
        for work in [Work::of_ec(Algorithm::Es384), Work::of_ec(Algorithm::Es512), Work::of_rsa(8192, F4)] {
            assert!(work.is_dear(), "{work:?}");
        }
    }

    #[test]
    fn a_long_exponent_is_not_for_free() {
        assert!(Work::of_rsa(4096, (1 << 33) - 1) > Work::of_rsa(4096, F4));
        assert!(Work::MOST >= Work::of_rsa(8192, (1 << 32) + 1));
    }
}

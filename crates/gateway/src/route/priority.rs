/// What decides which of two matching routes wins (Kong's 64 bits, higher first).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Precedence {
    /// How many kinds of condition are set: methods, hosts, headers, SNIs, paths.
    pub(crate) kinds: u8,
    /// Whether hosts are set and none has a wildcard.
    pub(crate) exact_hosts: bool,
    /// How many header names are set.
    pub(crate) headers: usize,
    /// Whether the paths are patterns, and their `regex_priority`.
    pub(crate) pattern: Option<i64>,
    /// The length of the plain paths, 0 for patterns.
    pub(crate) prefix_len: usize,
}

impl Precedence {
    /// Bits 63–61 kinds, 60 exact hosts, 59–52 header names, 51 pattern, 50–19 its priority, 18–0 prefix length.
    pub(crate) fn bits(self) -> u64 {
        let kinds = u64::from(self.kinds.min(7)) << 61;
        let exact = u64::from(self.exact_hosts) << 60;
        let headers = u64::try_from(self.headers.min(255)).unwrap_or(255) << 52;
        let pattern = u64::from(self.pattern.is_some()) << 51;
        let priority =
            u64::try_from(self.pattern.unwrap_or(0).clamp(0, i64::from(u32::MAX))).unwrap_or(0) << 19;
        let length = u64::try_from(self.prefix_len.min(0x7_FFFF)).unwrap_or(0x7_FFFF);
        kinds | exact | headers | pattern | priority | length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attribute_outweighs_all_those_below_it() {
        let ladder = [
            Precedence { kinds: 2, ..Precedence::default() },
            Precedence { kinds: 1, exact_hosts: true, ..Precedence::default() },
            Precedence { kinds: 1, headers: 2, ..Precedence::default() },
            Precedence { kinds: 1, headers: 1, pattern: Some(9), ..Precedence::default() },
            Precedence { kinds: 1, headers: 1, pattern: Some(1), ..Precedence::default() },
            Precedence { kinds: 1, headers: 1, pattern: Some(0), ..Precedence::default() },
            Precedence { kinds: 1, headers: 1, prefix_len: 500, ..Precedence::default() },
            Precedence { kinds: 1, headers: 1, prefix_len: 5, ..Precedence::default() },
            Precedence { kinds: 1, headers: 0, pattern: Some(i64::MAX), ..Precedence::default() },
        ];
        assert!(ladder.windows(2).all(|pair| pair[0].bits() > pair[1].bits()));
    }

    #[test]
    fn values_beyond_their_bits_are_capped() {
        let huge = Precedence {
            kinds: 200,
            exact_hosts: true,
            headers: 9999,
            pattern: Some(i64::MAX),
            prefix_len: usize::MAX,
        };
        assert_eq!(huge.bits(), u64::MAX);
        assert_eq!(Precedence { pattern: Some(-5), ..Precedence::default() }.bits(), 1 << 51);
    }
}

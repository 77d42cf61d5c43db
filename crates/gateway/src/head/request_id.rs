use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Names for requests: 32 hex digits, never the same twice in practice, and not secret.
#[derive(Debug)]
pub(crate) struct RequestIds {
    high: Cell<u64>,
    low: Cell<u64>,
}

impl RequestIds {
    /// A generator that starts at a random place.
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self { high: Cell::new(random()), low: Cell::new(random()) }
    }

    /// The next name.
    pub(crate) fn next(&self) -> String {
        let number = u128::from(mix(&self.high)) << 64 | u128::from(mix(&self.low));
        let mut id = [0; 32];
        for (digits, byte) in id.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
            *digits = [digit(byte >> 4), digit(byte & 15)];
        }
        // Digits are ASCII.
        String::from_utf8(id.to_vec()).unwrap_or_default()
    }
}

/// A hexadecimal digit, without a branch that half of them would mispredict.
fn digit(nibble: u8) -> u8 {
    nibble + b'0' + u8::from(nibble > 9) * (b'a' - b'0' - 10)
}

/// SplitMix64: a step of a counter, and a bijection that scatters it.
fn mix(state: &Cell<u64>) -> u64 {
    let next = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    state.set(next);
    let first = (next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    second ^ (second >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_32_hex_digits_and_differ_within_and_between_generators() {
        let generators = [RequestIds::new(), RequestIds::new()];
        let names: HashSet<String> = generators.iter().flat_map(|ids| (0..500).map(|_| ids.next())).collect();
        assert_eq!(names.len(), 1000);
        assert!(
            names.iter().all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
    }
}

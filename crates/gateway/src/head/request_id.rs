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
        let mut id = String::with_capacity(32);
        for state in [&self.high, &self.low] {
            let number = mix(state);
            for shift in (0..16).rev() {
                let nibble = u8::try_from(number >> (shift * 4) & 15).unwrap_or_default();
                id.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
            }
        }
        id
    }
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

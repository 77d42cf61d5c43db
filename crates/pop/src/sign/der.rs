//! As much DER as the library's own private key documents need.

/// Reads one element with this tag; returns its content and what follows.
pub(super) fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = input.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

/// Reads a non-negative INTEGER without its leading zero octets.
pub(super) fn integer(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut number, rest) = element(input, 0x02)?;
    while let [0, tail @ ..] = number {
        number = tail;
    }
    Some((number, rest))
}

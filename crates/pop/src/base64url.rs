//! Base64url without padding (RFC 4648 §5, RFC 7515 §2), in its canonical form only.
//!
//! Two texts never decode to the same bytes: padding, white space, the alphabet's `+` and `/`, and set spare bits in the
//! last character are refused. So a signed text cannot be altered without its signature noticing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The text is not canonical unpadded base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical unpadded base64url")]
pub struct Base64Fault;

/// The bytes that `text` stands for.
///
/// # Errors
/// [`Base64Fault`] on any character outside the alphabet, padding, an impossible length, or set spare bits.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Fault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Base64Fault)
}

/// Decodes exactly `N` bytes into an array.
///
/// # Errors
/// As [`decode`], and when the text stands for fewer or more bytes.
pub fn decode_exact<const N: usize>(text: &str) -> Result<[u8; N], Base64Fault> {
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(Base64Fault),
    }
}

/// The canonical text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_round_trips() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"\xff\xfe\xfd"] {
            assert_eq!(decode(&encode(bytes)).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for text in ["Zg==", "Zg=", "Zh", "Zm9", "Z", "Zm8 ", "+/8", "Zm\n8", "Zm%38"] {
            assert!(decode(text).is_err(), "{text}");
        }
        assert!(decode_exact::<3>("Zm9vZm9v").is_err());
        assert!(decode_exact::<6>("Zm9v").is_err());
        assert_eq!(decode_exact::<3>("Zm9v"), Ok(*b"foo"));
    }
}

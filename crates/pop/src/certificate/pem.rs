use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::HeaderFault;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The text with its percent-encoded bytes decoded. `+` stands for itself: it is a digit of base64.
pub(super) fn unescaped(text: &str) -> Result<String, HeaderFault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err(HeaderFault::Malformed),
        }
    }
    String::from_utf8(bytes).map_err(|_| HeaderFault::Malformed)
}

/// The certificates of a text in PEM that holds nothing else.
pub(super) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, HeaderFault> {
    let mut found = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let (body, after) =
            rest.strip_prefix(BEGIN).and_then(|block| block.split_once(END)).ok_or(HeaderFault::Malformed)?;
        let digits: String = body.split_ascii_whitespace().collect();
        found.push(der(&digits)?);
        rest = after.trim_ascii_start();
    }
    Ok(found)
}

/// One certificate of base64 with its padding.
pub(super) fn der(text: &str) -> Result<Vec<u8>, HeaderFault> {
    let der = STANDARD.decode(text).map_err(|_| HeaderFault::Malformed)?;
    if is_one_sequence(&der) { Ok(der) } else { Err(HeaderFault::Malformed) }
}

/// Whether the bytes are one SEQUENCE of DER and nothing behind it, as every certificate is.
pub(super) fn is_one_sequence(der: &[u8]) -> bool {
    let length = match der {
        [0x30, 0x82, high, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content.len()),
        [0x30, 0x81, length, content @ ..] => (usize::from(*length), content.len()),
        _ => return false,
    };
    length.0 == length.1
}

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{HeaderFault, MAX_CHAIN, pem};

/// Padding may be left out (RFC 9651 §4.2.7).
const DIGITS: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The certificate of `Client-Cert`, and behind it those of `Client-Cert-Chain`, a list that may stand on several lines.
pub(super) fn chain(client: &str, rest: &[&[u8]]) -> Result<Vec<Vec<u8>>, HeaderFault> {
    let mut chain = vec![bytes(client)?];
    for line in rest.iter().map(|line| line.trim_ascii()).filter(|line| !line.is_empty()) {
        let line = std::str::from_utf8(line).map_err(|_| HeaderFault::Malformed)?;
        for member in line.split(',') {
            if chain.len() == MAX_CHAIN {
                return Err(HeaderFault::TooLong);
            }
            chain.push(bytes(member.trim_ascii())?);
        }
    }
    Ok(chain)
}

/// A byte sequence of a structured field: base64 between colons.
fn bytes(item: &str) -> Result<Vec<u8>, HeaderFault> {
    let digits = item.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let der = digits.and_then(|digits| DIGITS.decode(digits).ok()).ok_or(HeaderFault::Malformed)?;
    if pem::is_one_sequence(&der) { Ok(der) } else { Err(HeaderFault::Malformed) }
}

use super::ProofFault;
use crate::jws::Parts;

/// The one value of the `DPoP` field (RFC 9449 §4.3 step 1). Its length is checked before anything is looked at.
pub(super) fn only<'a>(fields: &[&'a [u8]], max_length: usize) -> Result<&'a str, ProofFault> {
    let [field] = fields else {
        return Err(if fields.is_empty() { ProofFault::Missing } else { ProofFault::Multiple });
    };
    if field.len() > max_length {
        return Err(ProofFault::TooLong);
    }
    std::str::from_utf8(field).map_err(|_| ProofFault::Form)
}

/// Three non-empty parts. A comma, as a proxy that joined two fields leaves it, is outside of the alphabet.
pub(super) fn parts(text: &str, max_length: usize) -> Result<Parts<'_>, ProofFault> {
    Parts::split(text, max_length).map_err(|_| ProofFault::Form)
}

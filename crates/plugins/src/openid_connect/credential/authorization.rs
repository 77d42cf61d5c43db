use http::HeaderValue;
use keybound_pop::binding::Scheme;

use super::{Credential, Place, is_token68};
use crate::fault::CredentialFault;

/// Reads one `Authorization` field: `1*SP` between scheme and token, nothing after the token (RFC 9110 §11.4). `None`
/// when it is empty or of another scheme.
///
/// # Errors
/// [`CredentialFault::Malformed`] when the scheme is Bearer or DPoP and the rest is not exactly one token.
pub(super) fn parse(value: &HeaderValue) -> Result<Option<Credential>, CredentialFault> {
    let bytes = value.as_bytes();
    let end = bytes.iter().position(|byte| !is_scheme_byte(*byte)).unwrap_or(bytes.len());
    let scheme = match bytes.get(..end).unwrap_or_default() {
        name if name.eq_ignore_ascii_case(b"bearer") => Scheme::Bearer,
        name if name.eq_ignore_ascii_case(b"dpop") => Scheme::Dpop,
        _ => return Ok(None),
    };
    let spaces = bytes.iter().skip(end).take_while(|byte| **byte == b' ').count();
    let start = end + spaces;
    if spaces == 0 || !is_token68(bytes.get(start..).unwrap_or_default()) {
        return Err(CredentialFault::Malformed);
    }
    Ok(Some(Credential::new(scheme, Place::Authorization, value.clone(), start)))
}

/// Where the token starts in a value that may begin with the word `Bearer`; 0 when it does not.
pub(super) fn after_bearer(bytes: &[u8]) -> usize {
    match bytes.split_at_checked(7) {
        Some((word, rest)) if word.eq_ignore_ascii_case(b"bearer ") => {
            7 + rest.iter().take_while(|byte| **byte == b' ').count()
        }
        _ => 0,
    }
}

/// The bytes of a scheme's name (`token` of RFC 9110 §5.6.2).
fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

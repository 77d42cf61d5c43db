use http::HeaderValue;

use crate::fault::CredentialFault;

/// The value of the cookie of this name (RFC 6265 §4.2.1), without its quotes; an empty one counts as none.
///
/// # Errors
/// [`CredentialFault::Ambiguous`] when it is there twice, [`CredentialFault::Malformed`] when it is not ASCII.
pub(in crate::openid_connect) fn value<'a>(
    lines: impl IntoIterator<Item = &'a HeaderValue>,
    name: &str,
) -> Result<Option<&'a str>, CredentialFault> {
    let mut found = None;
    for line in lines {
        for pair in line.as_bytes().split(|byte| *byte == b';') {
            let pair = pair.trim_ascii();
            let Some(value) = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            else {
                continue;
            };
            let value = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value);
            let value = std::str::from_utf8(value).map_err(|_| CredentialFault::Malformed)?;
            if !value.is_empty() && found.replace(value).is_some() {
                return Err(CredentialFault::Ambiguous);
            }
        }
    }
    Ok(found)
}

/// One cookie line without the cookie of this name. `None` when nothing is left.
pub(in crate::openid_connect) fn without(line: &HeaderValue, name: &str) -> Option<HeaderValue> {
    let named = |pair: &[u8]| {
        pair.trim_ascii()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    };
    let kept: Vec<&[u8]> = line
        .as_bytes()
        .split(|byte| *byte == b';')
        .filter(|pair| !named(pair))
        .map(<[u8]>::trim_ascii)
        .collect();
    let joined = kept.join(b"; ".as_slice());
    HeaderValue::from_bytes(&joined).ok().filter(|value| !value.is_empty())
}

use super::{HeaderFault, one, pem};

/// The chain in the last element: the one that the nearest proxy added. Whatever stands before it came from further away,
/// the client included. `None` when the element names no certificate: the client showed none to that proxy.
pub(super) fn chain(field: &str) -> Result<Option<Vec<Vec<u8>>>, HeaderFault> {
    let elements = split(field, ',')?;
    let last = elements.last().ok_or(HeaderFault::Malformed)?;
    let (mut certificate, mut chain) = (None, None);
    for pair in split(last, ';')? {
        let (key, value) = pair.split_once('=').ok_or(HeaderFault::Malformed)?;
        let place = match key.trim_ascii() {
            key if key.eq_ignore_ascii_case("cert") => &mut certificate,
            key if key.eq_ignore_ascii_case("chain") => &mut chain,
            _ => continue,
        };
        let text = pem::unescaped(&unquoted(value.trim_ascii())?)?;
        if place.replace(pem::certificates(&text)?).is_some() {
            return Err(HeaderFault::Malformed);
        }
    }
    let (certificate, chain) = match (certificate, chain) {
        (None, None) => return Ok(None),
        (certificate, chain) => (certificate.map(one).transpose()?, chain.unwrap_or_default()),
    };
    match (certificate, chain.first()) {
        // The chain begins with the client's certificate, and must begin with the same one.
        (Some(certificate), Some(first)) if certificate != *first => Err(HeaderFault::Malformed),
        (Some(certificate), None) => Ok(Some(vec![certificate])),
        (_, Some(_)) => Ok(Some(chain)),
        (None, None) => Err(HeaderFault::Malformed),
    }
}

/// The parts of a text between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, HeaderFault> {
    let mut parts = Vec::new();
    let (mut from, mut quoted, mut escaped) = (0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(HeaderFault::Malformed);
    }
    parts.push(text.get(from..).unwrap_or_default());
    Ok(parts)
}

/// The value without its quotes and the backslashes in them.
fn unquoted(value: &str) -> Result<String, HeaderFault> {
    let Some(rest) = value.strip_prefix('"') else { return Ok(value.to_owned()) };
    let inner = rest.strip_suffix('"').ok_or(HeaderFault::Malformed)?;
    let mut plain = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            '"' => return Err(HeaderFault::Malformed),
            _ => plain.push(letter),
        }
    }
    Ok(plain)
}

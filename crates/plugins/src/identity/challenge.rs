//! What a refused caller is told.

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use super::Invalid;
use crate::contract::Refusal;
use crate::fault::Fault;

/// The challenge of a scheme, with the realm if there is one, and what is wrong.
///
/// # Errors
/// A realm that no header field can carry.
pub(crate) fn challenge(
    scheme: &str,
    realm: Option<&str>,
    error: Option<&str>,
) -> Result<HeaderValue, Invalid> {
    let parameters: Vec<String> = [("realm", realm), ("error", error)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    let text = [scheme, parameters.join(", ").as_str()].join(" ");
    HeaderValue::from_bytes(text.trim_end().as_bytes())
        .map_err(|_| Invalid { field: "realm", text: "cannot be sent in a header field".to_owned() })
}

/// A refusal with this challenge.
pub(crate) fn refusal(fault: impl Into<Fault>, challenge: &HeaderValue) -> Box<Refusal> {
    let mut refusal = Refusal::new(fault);
    refusal.headers.push((WWW_AUTHENTICATE, challenge.clone()));
    Box::new(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_quoted_and_must_fit_into_a_field() {
        let shown = |realm| challenge("Key", realm, None).map_err(|invalid| invalid.field);
        assert_eq!(shown(None).unwrap(), "Key");
        assert_eq!(shown(Some("a \"b\" \\")).unwrap(), r#"Key realm="a \"b\" \\""#);
        assert_eq!(shown(Some("a\nb")), Err("realm"));
    }
}

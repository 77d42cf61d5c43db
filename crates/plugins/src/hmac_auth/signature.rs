//! The field that carries a signature:
//! `hmac username="…", algorithm="…", headers="date @request-target", signature="…"`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};

/// Most fields that a signature may cover.
const MOST_FIELDS: usize = 64;

/// A signature, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) username: String,
    pub(super) algorithm: String,
    /// The names of what is signed, in order, as they were given.
    pub(super) fields: Vec<String>,
    pub(super) bytes: Vec<u8>,
}

impl Signature {
    /// The signature in a field; `None` where there is none of this form, or more than one field.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter();
        let value = std::str::from_utf8(lines.next()?.as_bytes()).ok()?;
        if lines.next().is_some() {
            return None;
        }
        Self::parse(value)
    }

    /// The parameters stand in this order, as Kong takes them.
    fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let (scheme, rest) = value.split_at_checked("hmac".len())?;
        if !scheme.eq_ignore_ascii_case("hmac") || !rest.starts_with([' ', '\t']) {
            return None;
        }
        let (username, rest) = parameter(rest, "username")?;
        let (algorithm, rest) = parameter(rest.strip_prefix(',')?, "algorithm")?;
        let (fields, rest) = parameter(rest.strip_prefix(',')?, "headers")?;
        let (signature, rest) = parameter(rest.strip_prefix(',')?, "signature")?;
        let fields: Vec<String> = fields.split(' ').map(str::to_owned).collect();
        if !rest.trim().is_empty() || fields.len() > MOST_FIELDS {
            return None;
        }
        let bytes = STANDARD.decode(signature).ok()?;
        Some(Self { username: username.to_owned(), algorithm: algorithm.to_owned(), fields, bytes })
    }
}

/// The value of the parameter that the text starts with, and the rest.
fn parameter<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let value = text.trim_start().strip_prefix(name)?.strip_prefix("=\"")?;
    value.split_once('"').filter(|(value, _)| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_parameters_are_read_in_their_order() {
        let text =
            r#"HMAC username="john doe",algorithm="hmac-sha256",   headers="date host", signature="AAEC""#;
        let expected = Signature {
            username: "john doe".to_owned(),
            algorithm: "hmac-sha256".to_owned(),
            fields: vec!["date".to_owned(), "host".to_owned()],
            bytes: vec![0, 1, 2],
        };
        assert_eq!(Signature::parse(text), Some(expected));
    }

    #[test]
    fn other_forms_are_no_signature() {
        let fields = "x ".repeat(100);
        for text in [
            "",
            "hmac",
            "hmac ",
            "Bearer x",
            r#"hmac username="j", algorithm="a", headers="date""#,
            r#"hmac algorithm="a", username="j", headers="date", signature="AAEC""#,
            r#"hmac username="", algorithm="a", headers="date", signature="AAEC""#,
            r#"hmac username="j", algorithm="a", headers="date", signature="*""#,
            r#"hmac username="j", algorithm="a", headers="date", signature="AAEC", more"#,
            &format!(r#"hmac username="j", algorithm="a", headers="{fields}", signature="AAEC""#),
        ] {
            assert_eq!(Signature::parse(text), None, "{text}");
        }
    }
}

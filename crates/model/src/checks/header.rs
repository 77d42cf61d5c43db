use regex::Regex;
use serde_json::Value;

/// The name of a header that a route matches: letters, digits, `_` and `-`, and not `host`.
///
/// # Errors
/// `cannot contain 'host' header, which must be specified in the 'hosts' attribute`, or
/// `bad header name 'x', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
pub fn header_name(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.eq_ignore_ascii_case("host") {
        return Err(
            "cannot contain 'host' header, which must be specified in the 'hosts' attribute".to_owned()
        );
    }
    plain_header_name(value)
}

/// The name of a header: letters, digits, `_` and `-`.
///
/// # Errors
/// `bad header name 'x', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
pub fn plain_header_name(value: &Value) -> Result<(), String> {
    word(value, "header")
}

/// The name of a cookie: letters, digits, `_` and `-`.
///
/// # Errors
/// `bad cookie name 'x', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
pub fn cookie_name(value: &Value) -> Result<(), String> {
    word(value, "cookie")
}

fn word(value: &Value, what: &str) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        return Ok(());
    }
    Err(format!("bad {what} name '{text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"))
}

/// The pattern of a header's values, when they are one: a single value that starts with `~*`.
///
/// # Errors
/// What is wrong with the pattern, on one line.
pub fn header_value_regex(values: &[String]) -> Result<Option<Regex>, String> {
    match values {
        [only] => match only.strip_prefix("~*") {
            Some(pattern) => Regex::new(pattern).map(Some).map_err(|fault| super::path::one_line(&fault)),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_matches_host_by_hosts_only() {
        for host in ["host", "Host", "HOST"] {
            let text = "cannot contain 'host' header, which must be specified in the 'hosts' attribute";
            assert_eq!(header_name(&json!(host)), Err(text.to_owned()));
        }
        assert_eq!(header_name(&json!("X-Api_Version")), Ok(()));
        let text = "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
        assert_eq!(header_name(&json!("a b")), Err(text.to_owned()));
    }

    #[test]
    fn only_a_single_marked_value_is_a_pattern() {
        assert!(header_value_regex(&["~*^v[12]$".to_owned()]).unwrap().is_some());
        assert!(header_value_regex(&["~*[".to_owned(), "b".to_owned()]).unwrap().is_none());
        assert!(header_value_regex(&["~*[".to_owned()]).is_err());
    }
}

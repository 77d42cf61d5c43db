use regex::Regex;
use serde_json::Value;

/// Bytes that keep their meaning only while they are encoded (RFC 3986 §2.2, and `%` itself).
const RESERVED: &[u8] = b"!*'();:@&=+$,/?%#[]";

/// The path of a service.
///
/// # Errors
/// `should start with: /`, `must not have empty segments`,
/// `invalid path: '…' (characters outside of the reserved list of RFC 3986 found)`, or
/// `invalid url-encoded value: '%x'`
pub fn service_path(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if !text.starts_with('/') {
        return Err("should start with: /".to_owned());
    }
    no_empty_segments(text)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=/%".contains(&b);
    if !text.bytes().all(allowed) {
        return Err(format!(
            "invalid path: '{text}' (characters outside of the reserved list of RFC 3986 found)"
        ));
    }
    match bad_triplet(text) {
        Some(triplet) => Err(format!("invalid url-encoded value: '{triplet}'")),
        None => Ok(()),
    }
}

/// A path that a route matches: `/…` in normal form, or `~/…`, a regular expression.
///
/// # Errors
/// `should start with: / (fixed path) or ~/ (regex path)`, `must not have empty segments`,
/// `non-normalized path, consider use '…' instead`, or `invalid regex: '…' (PCRE returned: …)`
pub fn route_path(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if !text.starts_with('/') && !text.starts_with("~/") {
        return Err("should start with: / (fixed path) or ~/ (regex path)".to_owned());
    }
    no_empty_segments(text)?;
    if let Some(pattern) = text.strip_prefix('~') {
        return match Regex::new(pattern) {
            Ok(_) => Ok(()),
            Err(fault) => Err(format!("invalid regex: '{pattern}' (PCRE returned: {})", one_line(&fault))),
        };
    }
    let normal = normalize(text.as_bytes());
    if normal == text.as_bytes() {
        Ok(())
    } else {
        Err(format!("non-normalized path, consider use '{}' instead", String::from_utf8_lossy(&normal)))
    }
}

/// The normal form of a path without its query, in which requests and routes are compared.
///
/// Encoded bytes are decoded, except reserved ones, which keep their encoding with upper-case digits; then dot segments
/// are removed and slashes merged. A `%` that starts no triplet stays as it is.
#[must_use]
pub fn normalize(path: &[u8]) -> Vec<u8> {
    let decoded = decode(path);
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut directory = false;
    for segment in decoded.split(|b| *b == b'/') {
        directory = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let mut normal = Vec::with_capacity(decoded.len());
    for segment in &segments {
        normal.push(b'/');
        normal.extend_from_slice(segment);
    }
    if directory || normal.is_empty() {
        normal.push(b'/');
    }
    normal
}

/// The text of a bad pattern without the drawing that shows the place.
pub(super) fn one_line(fault: &regex::Error) -> String {
    let text = fault.to_string();
    let cause = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("invalid pattern");
    cause.strip_prefix("error: ").unwrap_or(cause).to_owned()
}

fn no_empty_segments(text: &str) -> Result<(), String> {
    if text.contains("//") { Err("must not have empty segments".to_owned()) } else { Ok(()) }
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(path.len());
    let mut rest = path;
    loop {
        match rest {
            [] => return output,
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let byte = digit(*high) * 16 + digit(*low);
                if RESERVED.contains(&byte) {
                    output.extend_from_slice(&[b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
                } else {
                    output.push(byte);
                }
                rest = after;
            }
            [byte, after @ ..] => {
                output.push(*byte);
                rest = after;
            }
        }
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    }
}

fn bad_triplet(text: &str) -> Option<String> {
    text.match_indices('%').find_map(|(at, _)| {
        let triplet: String = text.get(at..)?.chars().take(3).collect();
        let good = triplet.len() == 3 && triplet.bytes().skip(1).all(|b| b.is_ascii_hexdigit());
        (!good).then_some(triplet)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_path_is_a_plain_uri_path() {
        let cases = [
            ("/", None),
            ("/a/b.c-d_e~f", None),
            ("/a:b@c!$&'()*+,;=%20", None),
            ("a", Some("should start with: /")),
            ("/a//b", Some("must not have empty segments")),
            (
                "/a b",
                Some("invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)"),
            ),
            (
                "/a?b",
                Some("invalid path: '/a?b' (characters outside of the reserved list of RFC 3986 found)"),
            ),
            ("/a%2", Some("invalid url-encoded value: '%2'")),
            ("/a%zz", Some("invalid url-encoded value: '%zz'")),
        ];
        for (path, fault) in cases {
            assert_eq!(service_path(&json!(path)).err().as_deref(), fault, "{path}");
        }
    }

    #[test]
    fn a_route_path_is_normal_or_a_pattern() {
        let cases = [
            ("/", None),
            ("/a/b", None),
            ("/a/", None),
            ("/a%2Fb", None),
            ("~/a/(?<id>\\d+)$", None),
            ("a", Some("should start with: / (fixed path) or ~/ (regex path)")),
            ("~a", Some("should start with: / (fixed path) or ~/ (regex path)")),
            ("/a//b", Some("must not have empty segments")),
            ("/a/../b", Some("non-normalized path, consider use '/b' instead")),
            ("/a%2fb", Some("non-normalized path, consider use '/a%2Fb' instead")),
            ("/a%62", Some("non-normalized path, consider use '/ab' instead")),
            ("~/a(", Some("invalid regex: '/a(' (PCRE returned: unclosed group)")),
            (
                "~/a(?=b)",
                Some(
                    "invalid regex: '/a(?=b)' (PCRE returned: look-around, including look-ahead and look-behind, \
                     is not supported)",
                ),
            ),
        ];
        for (path, fault) in cases {
            assert_eq!(route_path(&json!(path)).err().as_deref(), fault, "{path}");
        }
    }

    #[test]
    fn normal_form_decodes_what_is_not_reserved_then_resolves_dots_and_slashes() {
        let cases = [
            ("", "/"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/../../a", "/a"),
            ("//a///b//", "/a/b/"),
            ("/%2e%2E/a", "/a"),
            ("/a%20b", "/a b"),
            ("/a%2f%3f%25", "/a%2F%3F%25"),
            ("/a%", "/a%"),
            ("/a%4", "/a%4"),
            ("/a%zz", "/a%zz"),
        ];
        for (path, normal) in cases {
            assert_eq!(String::from_utf8(normalize(path.as_bytes())).unwrap(), normal, "{path}");
        }
    }
}

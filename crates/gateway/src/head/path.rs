use keybound_plugins::contract::RequestPath;
use keybound_plugins::fault::RequestFault;

/// Brings the path of a request target into its one normal form.
///
/// Triplets of unreserved characters are decoded, all other triplets get upper-case digits, octets that may not stand
/// in a path are escaped, dot segments (also encoded ones) are removed and empty segments merged (RFC 3986 §6.2.2;
/// the merging is Kong's). What routes are matched against is the same with every triplet decoded but those of
/// reserved characters and of the percent sign.
///
/// # Errors
/// [`RequestFault::Path`] for a path that two readers could read as two paths: a broken escape, a backslash, an
/// encoded NUL, a dot segment behind an encoded slash or backslash, a dot segment with parameters (`/..;x/`).
pub(crate) fn normal_form(raw: &str) -> Result<RequestPath, RequestFault> {
    if is_normal(raw) {
        return Ok(RequestPath { escaped: raw.to_owned(), decoded: None, had_empty_segments: false });
    }
    let decoded = decode(raw.as_bytes())?;
    let (matching, had_empty_segments) = merge_segments(&decoded)?;
    let escaped = escape(&matching);
    let decoded = if matching == escaped.as_bytes() { None } else { Some(readable(matching)) };
    Ok(RequestPath { escaped, decoded, had_empty_segments })
}

/// Escapes the octets that may not stand in a path; triplets stay as they are.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len() + 8);
    for &byte in bytes {
        if stands_in_path(byte) || byte == b'%' {
            escaped.push(char::from(byte));
        } else {
            push_triplet(&mut escaped, byte);
        }
    }
    escaped
}

/// One pass without allocation for what nearly every request is.
fn is_normal(raw: &str) -> bool {
    let mut before = 0;
    for &byte in raw.as_bytes() {
        if !stands_in_path(byte) || (before == b'/' && matches!(byte, b'/' | b'.')) {
            return false;
        }
        before = byte;
    }
    raw.starts_with('/')
}

/// Unreserved and reserved characters, except those that end a path or begin an escape.
fn stands_in_path(byte: u8) -> bool {
    matches!(byte,
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'!' | b'$' | b'&' | b'\''
        | b'(' | b')' | b'*' | b'+' | b',' | b':' | b';' | b'=' | b'@' | b'[' | b']')
}

fn decode(raw: &[u8]) -> Result<Vec<u8>, RequestFault> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => return Err(RequestFault::Path),
            b'%' => {
                let (&[high, low], after) = rest.split_first_chunk::<2>().ok_or(RequestFault::Path)?;
                rest = after;
                let octet = hex(high)? << 4 | hex(low)?;
                match octet {
                    0 => return Err(RequestFault::Path),
                    b'!' | b'*' | b'\'' | b'(' | b')' | b';' | b':' | b'@' | b'&' | b'=' | b'+' | b'$'
                    | b',' | b'/' | b'?' | b'%' | b'#' | b'[' | b']' => {
                        decoded.extend_from_slice(&[b'%', digit(octet >> 4), digit(octet & 15)]);
                    }
                    _ => decoded.push(octet),
                }
            }
            b'?' | b'#' => decoded.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]),
            _ => decoded.push(byte),
        }
    }
    Ok(decoded)
}

/// Removes dot segments and empty segments, after looking for dot segments that only another reader would see.
fn merge_segments(path: &[u8]) -> Result<(Vec<u8>, bool), RequestFault> {
    let path = path.strip_prefix(b"/").ok_or(RequestFault::Target)?;
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut had_empty = false;
    let mut ends_open = true;
    let mut segments = path.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        if hides_dots(segment) {
            return Err(RequestFault::Path);
        }
        let last = segments.peek().is_none();
        ends_open = match segment {
            b"" => {
                had_empty |= !last;
                true
            }
            b"." => true,
            b".." => {
                kept.pop();
                true
            }
            _ => {
                kept.push(segment);
                false
            }
        };
    }
    let mut merged = Vec::with_capacity(path.len() + 2);
    for segment in &kept {
        merged.push(b'/');
        merged.extend_from_slice(segment);
    }
    if ends_open || kept.is_empty() {
        merged.push(b'/');
    }
    Ok((merged, had_empty))
}

/// Whether a reader that decodes `%2F`, reads a backslash as a slash or cuts parameters off sees a dot segment here.
fn hides_dots(segment: &[u8]) -> bool {
    let is_dots = |part: &[u8]| {
        let name = part.split(|&byte| byte == b';').next().unwrap_or_default();
        matches!(name, b"." | b"..")
    };
    if matches!(segment, b"." | b"..") {
        return false;
    }
    let mut start = 0;
    let mut at = 0;
    while let Some(rest) = segment.get(at..).filter(|rest| !rest.is_empty()) {
        let width = if rest.starts_with(b"%2F") {
            3
        } else if rest.starts_with(b"\\") {
            1
        } else {
            at += 1;
            continue;
        };
        if segment.get(start..at).is_some_and(is_dots) {
            return true;
        }
        at += width;
        start = at;
    }
    segment.get(start..).is_some_and(is_dots)
}

/// The octets as text; what is not UTF-8 as a whole keeps its octets above 7F escaped.
fn readable(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| {
        let mut text = String::with_capacity(error.as_bytes().len());
        for &byte in error.as_bytes() {
            if byte.is_ascii() {
                text.push(char::from(byte));
            } else {
                push_triplet(&mut text, byte);
            }
        }
        text
    })
}

fn push_triplet(text: &mut String, byte: u8) {
    text.push('%');
    text.push(char::from(digit(byte >> 4)));
    text.push(char::from(digit(byte & 15)));
}

fn hex(digit: u8) -> Result<u8, RequestFault> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(RequestFault::Path),
    }
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + (nibble - 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(raw: &str) -> (String, String) {
        let path = normal_form(raw).unwrap();
        (path.escaped.clone(), path.matching().to_owned())
    }

    #[test]
    fn a_plain_path_is_kept_and_matched_as_it_is() {
        for raw in ["/", "/a", "/a/b/", "/a;v=1/b", "/~x/a.b..c", "/a:b@c!$&'()*+,="] {
            let path = normal_form(raw).unwrap();
            assert_eq!((path.escaped.as_str(), path.decoded, path.had_empty_segments), (raw, None, false));
        }
    }

    #[test]
    fn triplets_of_unreserved_characters_are_decoded_and_others_get_capitals() {
        assert_eq!(form("/%61%2d%7E"), ("/a-~".into(), "/a-~".into()));
        assert_eq!(form("/a%2fb%3a"), ("/a%2Fb%3A".into(), "/a%2Fb%3A".into()));
        assert_eq!(form("/a%20b"), ("/a%20b".into(), "/a b".into()));
        assert_eq!(form("/%c3%a9"), ("/%C3%A9".into(), "/é".into()));
        assert_eq!(form("/%25zz%2525"), ("/%25zz%2525".into(), "/%25zz%2525".into()));
    }

    #[test]
    fn octets_that_may_not_stand_in_a_path_are_escaped() {
        assert_eq!(form("/a\"b{c}|^`"), ("/a%22b%7Bc%7D%7C%5E%60".into(), "/a\"b{c}|^`".into()));
        assert_eq!(form("/é"), ("/%C3%A9".into(), "/é".into()));
    }

    #[test]
    fn octets_that_are_no_utf8_stay_escaped_for_matching() {
        assert_eq!(form("/%ff%20"), ("/%FF%20".into(), "/%FF ".into()));
    }

    #[test]
    fn dot_segments_plain_and_encoded_are_removed() {
        for (raw, want) in [
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/.%2e", "/"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/../../x", "/x"),
            ("/..", "/"),
            ("/.hidden/..x", "/.hidden/..x"),
        ] {
            assert_eq!(form(raw).0, want, "{raw}");
        }
    }

    #[test]
    fn empty_segments_are_merged_and_reported() {
        for (raw, want, empty) in [
            ("//a", "/a", true),
            ("/a//b", "/a/b", true),
            ("/a/b/", "/a/b/", false),
            ("/a//", "/a/", true),
            ("//", "/", true),
        ] {
            let path = normal_form(raw).unwrap();
            assert_eq!((path.escaped.as_str(), path.had_empty_segments), (want, empty), "{raw}");
        }
    }

    #[test]
    fn what_two_readers_could_read_as_two_paths_is_refused() {
        for raw in [
            "/%",
            "/%4",
            "/%zz",
            "/a%2",
            "/%u0041",
            "/a\\b",
            "/\\..\\b",
            "/%00",
            "/a%00.html",
            "/..%2fadmin",
            "/public/..%2Fadmin",
            "/a%2f..%2fb",
            "/a%2f..",
            "/a/%2e%2e%2fb",
            "/..%5cadmin",
            "/a%5c..%5Cb",
            "/..;/a",
            "/a/..;x=1/b",
            "/.;/a",
            "/a%2f.",
            "/%2e%2e;/a",
        ] {
            assert_eq!(normal_form(raw), Err(RequestFault::Path), "{raw}");
        }
    }

    #[test]
    fn an_encoded_slash_that_hides_nothing_stays() {
        assert_eq!(form("/a%2Fb/c%5Cd"), ("/a%2Fb/c%5Cd".into(), "/a%2Fb/c\\d".into()));
    }

    #[test]
    fn a_target_that_is_not_rooted_is_no_path() {
        assert_eq!(normal_form("*"), Err(RequestFault::Target));
    }

    proptest::proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form(raw in "/[a-c./%25;\\PC]{0,24}") {
            if let Ok(path) = normal_form(&raw) {
                let again = normal_form(&path.escaped).unwrap();
                proptest::prop_assert_eq!(&again.escaped, &path.escaped);
                proptest::prop_assert_eq!(again.matching(), path.matching());
                proptest::prop_assert!(!path.escaped.contains("//"));
                proptest::prop_assert!(!path.escaped.split('/').any(|part| part == "." || part == ".."));
            }
        }
    }
}

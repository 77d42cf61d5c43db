//! Forms of several parts (RFC 7578), as far as a parameter has to be found and taken out.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Most parts of a body that are looked at.
const MOST_PARTS: usize = 100;

/// A part of a form.
pub(crate) struct Part {
    /// The name of its field.
    pub(crate) name: Option<String>,
    /// Where its content stands.
    pub(crate) content: Range<usize>,
    /// Where it stands with the delimiter before it.
    whole: Range<usize>,
}

/// The boundary, where a body is such a form.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let value = lines.next()?.to_str().ok()?;
    if lines.next().is_some() {
        return None;
    }
    let (essence, parameters) = value.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()))
}

/// The parts of a body in order. A body that does not end as it should has those that are complete.
pub(crate) fn parts(body: &[u8], boundary: &str) -> Vec<Part> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let Some(mut start) = next_delimiter(body, 0, delimiter.as_bytes()) else { return found };
    while found.len() < MOST_PARTS {
        let head = start + delimiter.len();
        if body.get(head..).is_none_or(|rest| rest.starts_with(b"--")) {
            break;
        }
        let Some(line_end) = find(body, head, b"\r\n") else { break };
        let Some(next) = next_delimiter(body, line_end, delimiter.as_bytes()) else { break };
        // The head may be empty: then the blank line is the delimiter's own end.
        let Some(blank) = find(body, line_end, b"\r\n\r\n").filter(|blank| *blank + 2 <= next) else { break };
        let fields = body.get(line_end..blank).unwrap_or_default();
        let content = (blank + 4).min(next)..next.saturating_sub(2).max((blank + 4).min(next));
        found.push(Part { name: name(fields), content, whole: start..next });
        start = next;
    }
    found
}

/// The body without the parts of this name; `None` when there is none, or when nothing would be left of the form.
pub(crate) fn without(body: &[u8], boundary: &str, wanted: &str) -> Option<Bytes> {
    let parts = parts(body, boundary);
    let named: Vec<&Part> = parts.iter().filter(|part| part.name.as_deref() == Some(wanted)).collect();
    if named.is_empty() {
        return None;
    }
    let mut rest = Vec::with_capacity(body.len());
    let mut at = 0;
    for part in named {
        rest.extend_from_slice(body.get(at..part.whole.start).unwrap_or_default());
        at = part.whole.end;
    }
    rest.extend_from_slice(body.get(at..).unwrap_or_default());
    Some(rest.into())
}

/// A delimiter stands at the start of the body or of a line.
fn next_delimiter(body: &[u8], from: usize, delimiter: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        let found = find(body, at, delimiter)?;
        let starts_line = found == 0 || body.get(..found).is_some_and(|before| before.ends_with(b"\r\n"));
        let after = body.get(found + delimiter.len()..).unwrap_or_default();
        if starts_line && (after.starts_with(b"\r\n") || after.starts_with(b"--")) {
            return Some(found);
        }
        at = found + 1;
    }
}

fn find(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// The name in `Content-Disposition`.
fn name(fields: &[u8]) -> Option<String> {
    let fields = std::str::from_utf8(fields).ok()?;
    fields.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        let (_, parameters) = value.split_once(';')?;
        field.trim().eq_ignore_ascii_case("content-disposition").then(|| parameter(parameters, "name"))?
    })
}

/// A parameter of a field value, without its quotes.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    parameters.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nk--b\r\n--b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=other\r\n\r\nx\r\ny\r\n--b--\r\n";

    fn read(body: &str) -> Vec<(Option<String>, &str)> {
        parts(body.as_bytes(), "b").into_iter().map(|part| (part.name, &body[part.content])).collect()
    }

    #[test]
    fn parts_are_read_with_their_names() {
        assert_eq!(read(BODY), [(Some("apikey".to_owned()), "k--b"), (Some("other".to_owned()), "x\r\ny")]);
    }

    #[test]
    fn a_part_leaves_and_the_others_keep_their_bytes() {
        let rest = without(BODY.as_bytes(), "b", "apikey").unwrap();
        let expected = "--b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=other\r\n\r\nx\r\ny\r\n--b--\r\n";
        assert_eq!(rest, expected);
        assert_eq!(without(BODY.as_bytes(), "b", "absent"), None);
    }

    #[test]
    fn bodies_that_are_no_form_have_no_parts() {
        for body in [
            "",
            "x",
            "--b",
            "--b--",
            "--b\r\n",
            "--b\r\n\r\n",
            "--b\r\nX: y\r\n\r\nopen",
            "--bb\r\n\r\n--bb--",
        ] {
            assert_eq!(read(body), [], "{body:?}");
        }
        assert_eq!(read("--b\r\n\r\n--b--"), [(None, "")]);
        assert_eq!(read("--b\r\n\r\nx\r\n--b--"), [(None, "x")]);
    }
}

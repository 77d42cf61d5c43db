//! Parameters of queries and bodies, and how they leave without another byte changing.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The kinds of body that a credential is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

impl BodyKind {
    /// The kind that `Content-Type` names; `None` for all others, and for several.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(CONTENT_TYPE).iter();
        let value = lines.next()?.to_str().ok()?;
        if lines.next().is_some() {
            return None;
        }
        let essence = value.split(';').next().unwrap_or(value).trim();
        match essence {
            _ if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Some(Self::Form),
            _ if essence.eq_ignore_ascii_case("application/json") => Some(Self::Json),
            _ => None,
        }
    }
}

/// The same query, or the same form, without the parameter; every other one keeps its bytes. `None` when nothing is left.
pub(crate) fn without(query: &str, wanted: &str) -> Option<String> {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(name, _)| name != wanted))
        .collect();
    let kept = kept.join("&");
    (!kept.is_empty()).then_some(kept)
}

/// The same body without the parameter; everything else keeps its bytes. Of a JSON body it must be known that no member is
/// there twice.
pub(crate) fn body_without(kind: BodyKind, body: &Bytes, wanted: &str) -> Bytes {
    match kind {
        BodyKind::Form => {
            let form = std::str::from_utf8(body).unwrap_or_default();
            Bytes::from(without(form, wanted).unwrap_or_default())
        }
        BodyKind::Json => match member(body, wanted) {
            None => body.clone(),
            Some(range) => {
                let (before, after) = (body.get(..range.start), body.get(range.end..));
                Bytes::from([before.unwrap_or_default(), after.unwrap_or_default()].concat())
            }
        },
    }
}

/// The bytes of the member of this name in a JSON object that was parsed before, with the comma that belongs to it.
fn member(json: &[u8], wanted: &str) -> Option<Range<usize>> {
    let mut at = json.iter().position(|byte| *byte == b'{')? + 1;
    let mut before = at;
    let mut first = true;
    loop {
        let name_start = skip_space(json, at);
        let name_end = skip_value(json, name_start)?;
        let colon = skip_space(json, name_end);
        let value_end = skip_value(json, skip_space(json, colon + 1))?;
        let next = skip_space(json, value_end);
        let more = json.get(next) == Some(&b',');
        let name = json.get(name_start..name_end)?;
        if serde_json::from_slice::<String>(name).is_ok_and(|name| name == wanted) {
            // The first member takes the comma behind it along, every other the one before it.
            return Some(match (first, more) {
                (true, true) => at..next + 1,
                (true, false) => at..value_end,
                (false, _) => before..value_end,
            });
        }
        if !more {
            return None;
        }
        (before, at, first) = (next, next + 1, false);
    }
}

fn skip_space(json: &[u8], at: usize) -> usize {
    at + json.iter().skip(at).take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The end of the value that starts at `at`.
fn skip_value(json: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut index = at;
    loop {
        match json.get(index)? {
            b'"' => index = skip_string(json, index)?,
            b'{' | b'[' => {
                depth += 1;
                index += 1;
            }
            b'}' | b']' if depth == 0 => return Some(index),
            b'}' | b']' => {
                depth -= 1;
                index += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Some(index),
            _ => index += 1,
        }
        if depth == 0 && matches!(json.get(index.checked_sub(1)?), Some(b'"' | b'}' | b']')) {
            return Some(index);
        }
    }
}

fn skip_string(json: &[u8], at: usize) -> Option<usize> {
    let mut index = at + 1;
    loop {
        match json.get(index)? {
            b'\\' => index += 2,
            b'"' => return Some(index + 1),
            _ => index += 1,
        }
    }
}

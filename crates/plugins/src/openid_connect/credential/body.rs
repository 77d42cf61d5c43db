use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use keybound_pop::json;

use super::{Credential, PARAMETER, Place, query};
use crate::fault::CredentialFault;

/// The kinds of body that a token is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openid_connect) enum BodyKind {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

impl BodyKind {
    /// The kind that `Content-Type` names; `None` for all others, and for several.
    pub(in crate::openid_connect) fn of(headers: &HeaderMap) -> Option<Self> {
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

/// Deepest nesting of a JSON body that is read.
const DEPTH: usize = 64;

/// The token in a body (RFC 6750 §2.2). A body that is not of its kind has none, and neither has a JSON body that is no
/// object or repeats a member.
///
/// # Errors
/// [`CredentialFault::Ambiguous`] when the parameter is there twice, [`CredentialFault::Malformed`] when it is no token.
pub(in crate::openid_connect) fn from_body(
    kind: BodyKind,
    body: &[u8],
) -> Result<Option<Credential>, CredentialFault> {
    match kind {
        BodyKind::Form => {
            let Ok(form) = std::str::from_utf8(body) else { return Ok(None) };
            query::token(form)?.map(|token| Credential::decoded(Place::Body(kind), &token)).transpose()
        }
        BodyKind::Json => {
            let Ok(object) = json::parse_object(body, DEPTH) else { return Ok(None) };
            let token =
                object.get(PARAMETER).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
            token.map(|token| Credential::decoded(Place::Body(kind), token)).transpose()
        }
    }
}

/// The text parameters of these names in a body that was read anyway; those that are not there are left out.
pub(in crate::openid_connect) fn parameters(
    kind: BodyKind,
    body: &[u8],
    names: &[String],
) -> Vec<(String, String)> {
    match kind {
        BodyKind::Form => form_urlencoded::parse(body)
            .filter(|(name, _)| names.iter().any(|wanted| wanted == name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        BodyKind::Json => {
            let Ok(object) = json::parse_object(body, DEPTH) else { return Vec::new() };
            let text = |name: &String| Some((name.clone(), object.get(name)?.as_str()?.to_owned()));
            names.iter().filter_map(text).collect()
        }
    }
}

/// The same body without the token; everything else keeps its bytes.
pub(in crate::openid_connect) fn without_token(kind: BodyKind, body: &Bytes) -> Bytes {
    match kind {
        BodyKind::Form => {
            let form = std::str::from_utf8(body).unwrap_or_default();
            Bytes::from(query::without_token(form).unwrap_or_default())
        }
        BodyKind::Json => match member(body) {
            None => body.clone(),
            Some(range) => {
                let (before, after) = (body.get(..range.start), body.get(range.end..));
                Bytes::from([before.unwrap_or_default(), after.unwrap_or_default()].concat())
            }
        },
    }
}

/// The bytes of the token's member in a JSON object that was parsed before, with the comma that belongs to it.
fn member(json: &[u8]) -> Option<Range<usize>> {
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
        if serde_json::from_slice::<String>(name).is_ok_and(|name| name == PARAMETER) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(json: &str) -> String {
        String::from_utf8(without_token(BodyKind::Json, &Bytes::copy_from_slice(json.as_bytes())).to_vec())
            .unwrap()
    }

    #[test]
    fn the_member_leaves_and_all_other_bytes_stay() {
        assert_eq!(stripped(r#"{"access_token":"t","a":1}"#), r#"{"a":1}"#);
        assert_eq!(stripped(r#"{ "a" : 1.50 , "access_token" : "t" }"#), r#"{ "a" : 1.50  }"#);
        assert_eq!(
            stripped(r#"{"a":[{"access_token":"x"}],"access_token":"t","b":null}"#),
            r#"{"a":[{"access_token":"x"}],"b":null}"#
        );
        assert_eq!(stripped(r#"{"access_token":"t"}"#), "{}");
        assert_eq!(
            stripped(r#"{"a":"\"access_token\":","access\u005ftoken":"t"}"#),
            r#"{"a":"\"access_token\":"}"#
        );
        assert_eq!(stripped(r#"{"a":{"b":[1,2]},"n":12,"access_token":"t"}"#), r#"{"a":{"b":[1,2]},"n":12}"#);
    }

    #[test]
    fn a_form_keeps_its_other_parameters_byte_for_byte() {
        let form = Bytes::from_static(b"a=%7e&access%5Ftoken=t&b=+x");
        assert_eq!(without_token(BodyKind::Form, &form), Bytes::from_static(b"a=%7e&b=+x"));
    }

    #[test]
    fn a_json_token_must_be_a_token_and_null_is_none() {
        assert_eq!(from_body(BodyKind::Json, br#"{"access_token":"abc"}"#).unwrap().unwrap().token(), "abc");
        assert!(from_body(BodyKind::Json, br#"{"access_token":null}"#).unwrap().is_none());
        assert!(from_body(BodyKind::Json, b"null").unwrap().is_none());
        assert!(from_body(BodyKind::Json, br#"{"access_token":"a","access_token":"b"}"#).unwrap().is_none());
        assert_eq!(
            from_body(BodyKind::Json, br#"{"access_token":"a b"}"#).unwrap_err(),
            CredentialFault::Malformed
        );
    }
}

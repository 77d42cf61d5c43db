use bytes::Bytes;
use keybound_pop::json;

use super::{Credential, PARAMETER, Place, query};
use crate::fault::CredentialFault;
pub(in crate::openid_connect) use crate::identity::parameter::BodyKind;
use crate::identity::parameter::body_without;

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
            let Ok(form) = std::str::from_utf8(body) else {
                // Other software may read the rest of it all the same.
                let token = form_urlencoded::parse(body).any(|(name, _)| name == PARAMETER);
                return if token { Err(CredentialFault::Malformed) } else { Ok(None) };
            };
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
    body_without(kind, body, PARAMETER)
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

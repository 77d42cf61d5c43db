//! The introspection request (RFC 7662 §2.1).

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING,
};
use http::header::{HeaderName, HeaderValue};

use super::IntrospectionSettings;
use crate::client::Authentication;

/// What one client's request adds to the introspection of its token (`introspection_headers_client`,
/// `introspection_post_args_client`, `introspection_post_args_client_headers`).
///
/// Nothing here replaces a field that the gateway sends itself. Answers are kept apart by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestExtras {
    /// Header fields.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Form fields.
    pub post_args: Vec<(String, String)>,
    /// Which client asks, by its place in the settings.
    pub client: usize,
}

/// Fields that frame the call and cannot be added.
const OWN: [HeaderName; 6] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_TYPE, ACCEPT];

/// Header fields and form of a request.
pub(super) struct Composed {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) form: Bytes,
}

impl RequestExtras {
    /// The key under which the answer for a token with this hash is kept.
    pub(super) fn key(&self, hash: &[u8; 32]) -> [u8; 32] {
        if self.headers.is_empty() && self.post_args.is_empty() && self.client == 0 {
            return *hash;
        }
        let mut text = hash.to_vec();
        let mut add = |kind: u8, name: &[u8], value: &[u8]| {
            text.push(kind);
            for part in [name, value] {
                text.extend_from_slice(&(part.len() as u64).to_be_bytes());
                text.extend_from_slice(part);
            }
        };
        for (name, value) in &self.headers {
            add(0, name.as_str().as_bytes(), value.as_bytes());
        }
        for (name, value) in &self.post_args {
            add(1, name.as_bytes(), value.as_bytes());
        }
        // Two clients may be told different things of one token.
        add(2, b"", &(self.client as u64).to_be_bytes());
        keybound_pop::thumbprint::token_hash(&text)
    }
}

/// Puts a request together. The token comes first and only once; what is fixed replaces, what the client adds does not.
pub(super) fn compose(
    settings: &IntrospectionSettings,
    client: Authentication,
    token: &str,
    extras: &RequestExtras,
) -> Composed {
    let Authentication { header, form: client } = client;
    let mut headers: Vec<_> = header.map(|value| (AUTHORIZATION, value)).into_iter().collect();
    for (name, value) in settings.headers.iter().filter(|(name, _)| !OWN.contains(name)) {
        headers.retain(|(other, _)| other != name);
        headers.push((name.clone(), value.clone()));
    }
    for (name, value) in extras.headers.iter().filter(|(name, _)| !OWN.contains(name)) {
        if headers.iter().all(|(other, _)| other != name) {
            headers.push((name.clone(), value.clone()));
        }
    }
    let mut fields = vec![];
    fields.extend(settings.hint.iter().map(|hint| ("token_type_hint".to_owned(), hint.clone())));
    fields.extend(client);
    let is_token = |name: &str| name == settings.token_param_name;
    for (name, value) in settings.post_args.iter().filter(|(name, _)| !is_token(name)) {
        fields.retain(|(other, _)| other != name);
        fields.push((name.clone(), value.clone()));
    }
    for (name, value) in extras.post_args.iter().filter(|(name, _)| !is_token(name)) {
        if fields.iter().all(|(other, _)| other != name) {
            fields.push((name.clone(), value.clone()));
        }
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(&settings.token_param_name, token).extend_pairs(fields);
    Composed { headers, form: form.finish().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(composed: &Composed) -> Vec<(String, String)> {
        form_urlencoded::parse(&composed.form).into_owned().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_is_fixed_replaces_and_what_the_client_adds_does_not() {
        let settings = IntrospectionSettings {
            headers: vec![(AUTHORIZATION, HeaderValue::from_static("Bearer fixed"))],
            post_args: vec![pair("token", "other"), pair("token_type_hint", "fixed"), pair("realm", "one")],
            ..Default::default()
        };
        let extras = RequestExtras {
            headers: vec![
                (AUTHORIZATION, HeaderValue::from_static("Bearer client")),
                (HOST, HeaderValue::from_static("elsewhere")),
                (HeaderName::from_static("x-trace"), HeaderValue::from_static("1")),
            ],
            post_args: vec![pair("token", "forged"), pair("realm", "two"), pair("extra", "yes")],
            client: 0,
        };
        let composed = compose(&settings, Authentication::default(), "abc", &extras);
        assert_eq!(
            fields(&composed),
            [
                pair("token", "abc"),
                pair("token_type_hint", "fixed"),
                pair("realm", "one"),
                pair("extra", "yes")
            ]
        );
        let names: Vec<_> =
            composed.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(names, [("authorization", "Bearer fixed"), ("x-trace", "1")]);
    }

    #[test]
    fn answers_are_kept_apart_by_what_the_client_adds() {
        let hash = [7; 32];
        let one = RequestExtras { post_args: vec![pair("a", "bc")], ..Default::default() };
        let two = RequestExtras { post_args: vec![pair("ab", "c")], ..Default::default() };
        assert_eq!(RequestExtras::default().key(&hash), hash);
        assert_ne!(one.key(&hash), two.key(&hash));
        assert_ne!(one.key(&hash), hash);
        let second = RequestExtras { client: 1, ..Default::default() };
        assert_ne!(second.key(&hash), hash);
    }
}

//! The last step: the request as the upstream sees it.
//!
//! First everything leaves that a stranger could have put there to be taken for a credential or an identity; then the
//! access token is set where `upstream_access_token_header` says.

use bytes::BytesMut;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::authorize::Grant;
use super::credential::{self, Place, Places};
use crate::contract::{BodyFault, BodySource, Head, Identity};
use crate::identity::{self, squashed};

/// The header field that carries the token to the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenField {
    pub(super) name: HeaderName,
    /// Whether the word `Bearer` stands before the token.
    pub(super) bearer: bool,
}

/// What is forwarded.
#[derive(Debug, Clone)]
pub(super) struct Forward {
    pub(super) hide_credentials: bool,
    pub(super) token: Option<TokenField>,
    /// Credential fields, without their `-` and `_`: a field with `_` in its name that reads like one of
    /// these is never forwarded.
    lookalikes: Vec<String>,
    /// Fields that a proxy sends to this gateway and to nobody behind it.
    withheld: Vec<HeaderName>,
}

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");

impl Forward {
    pub(super) fn new(hide_credentials: bool, token: Option<TokenField>, places: &Places) -> Self {
        let credentials = [AUTHORIZATION, COOKIE, DPOP, credential::ACCESS_TOKEN, credential::X_ACCESS_TOKEN];
        let configured = token.iter().map(|field| field.name.clone()).chain(places.field.clone());
        let mut lookalikes: Vec<String> =
            credentials.into_iter().chain(configured).map(|name| squashed(name.as_str())).collect();
        lookalikes.sort_unstable();
        lookalikes.dedup();
        Self { hide_credentials, token, lookalikes, withheld: Vec::new() }
    }

    /// Forwards none of these fields either, in any spelling.
    pub(super) fn without<'a>(mut self, names: impl Iterator<Item = &'a HeaderName>) -> Self {
        self.withheld.extend(names.cloned());
        self.lookalikes.extend(self.withheld.iter().map(|name| squashed(name.as_str())));
        self.lookalikes.sort_unstable();
        self.lookalikes.dedup();
        self
    }

    /// Takes out of the fields what only a gateway may say, and the proof in any spelling. Who calls is said anew.
    pub(super) fn strip(&self, headers: &mut HeaderMap, identity: &Identity) {
        headers.remove(DPOP);
        for name in &self.withheld {
            headers.remove(name);
        }
        identity::restate(headers, identity);
        if headers.keys().any(|name| name.as_str().contains('_')) {
            let twins: Vec<HeaderName> =
                headers.keys().filter(|name| self.is_lookalike(name)).cloned().collect();
            for name in twins {
                headers.remove(name);
            }
        }
    }

    fn is_lookalike(&self, name: &HeaderName) -> bool {
        name.as_str().contains('_') && self.lookalikes.binary_search(&squashed(name.as_str())).is_ok()
    }

    /// Puts the token where the configuration says; a field of the client's with that name is replaced.
    fn set_token(&self, headers: &mut HeaderMap, token: &str) {
        let Some(field) = &self.token else { return };
        let mut value = BytesMut::with_capacity("Bearer ".len() + token.len());
        if field.bearer {
            value.extend_from_slice(b"Bearer ");
        }
        value.extend_from_slice(token.as_bytes());
        if let Ok(value) = HeaderValue::from_maybe_shared(value.freeze()) {
            headers.insert(field.name.clone(), value);
        }
    }
}

/// Makes the granted request the one that is forwarded.
///
/// # Errors
/// [`BodyFault`] when the token stood in the body and the body is gone.
pub(super) async fn rewrite(
    grant: &Grant,
    forward: &Forward,
    places: &Places,
    head: &mut Head,
    body: &mut dyn BodySource,
    identity: &Identity,
) -> Result<(), BodyFault> {
    forward.strip(&mut head.headers, identity);
    let credential = grant.credential();
    match &credential.place {
        // A parameter that was used is never forwarded, whatever hide_credentials says.
        Place::Query => head.query = head.query.as_deref().and_then(credential::query_without_token),
        Place::Body(kind) => {
            let whole = body.whole(super::BODY_LIMIT).await?;
            body.replace(credential::body_without_token(*kind, &whole));
        }
        Place::Cookie if forward.hide_credentials => {
            if let Some(name) = &places.cookie {
                hide_cookie(&mut head.headers, name);
            }
        }
        Place::Authorization if forward.hide_credentials => {
            head.headers.remove(AUTHORIZATION);
        }
        Place::Field(name) if forward.hide_credentials => {
            head.headers.remove(name);
        }
        Place::Cookie | Place::Authorization | Place::Field(_) => {}
    }
    forward.set_token(&mut head.headers, credential.token());
    Ok(())
}

fn hide_cookie(headers: &mut HeaderMap, name: &str) {
    let kept: Vec<HeaderValue> =
        headers.get_all(COOKIE).iter().filter_map(|line| credential::cookies_without(line, name)).collect();
    headers.remove(COOKIE);
    for line in kept {
        headers.append(COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward() -> Forward {
        let token = Some(TokenField { name: AUTHORIZATION, bearer: true });
        let places =
            Places { header: true, query: true, body: true, cookie: None, field: None, max_length: 16_384 };
        Forward::new(true, token, &places)
    }

    fn after_strip(names: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        forward().strip(&mut headers, &Identity::default());
        headers.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn proofs_and_identity_fields_leave_in_every_spelling() {
        let names = [
            "dpop",
            "dpop",
            "d_pop",
            "dpop_",
            "x-consumer-id",
            "x_consumer_id",
            "authorization_",
            "x_access-token",
        ];
        assert_eq!(after_strip(&names), Vec::<String>::new());
    }

    #[test]
    fn a_proxy_s_certificate_is_not_forwarded_in_any_spelling() {
        let name = HeaderName::from_static("x-client_cert");
        let forward = forward().without([&name].into_iter());
        let mut headers = HeaderMap::new();
        for name in ["x-client_cert", "x_client_cert", "x_client-cert", "x-client-cert-2"] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        forward.strip(&mut headers, &Identity::default());
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-client-cert-2"]);
    }

    #[test]
    fn other_fields_stay_with_underscores_too() {
        assert_eq!(after_strip(&["accept", "my_field"]), ["accept", "my_field"]);
    }
}

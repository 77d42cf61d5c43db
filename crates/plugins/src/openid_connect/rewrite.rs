//! The last step: the request as the upstream sees it.
//!
//! First everything leaves that a stranger could have put there to be taken for a credential or an identity; then the
//! access token is set where `upstream_access_token_header` says.

use bytes::BytesMut;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::authorize::Grant;
use super::credential::{self, Place, Places};
use crate::contract::{BodyFault, BodySource, Head, Identity, folded, is_disguised};
use crate::identity;

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
    /// Fields that are configured to tell the upstream of the token: only Keybound sets them.
    told: Vec<HeaderName>,
    /// Fields with credentials and those that Keybound sets, letters and digits only: a field whose name reads like one of
    /// these, and is not written with `-`, is never forwarded.
    lookalikes: Vec<String>,
    /// Fields that a proxy sends to this gateway and to nobody behind it.
    withheld: Vec<HeaderName>,
}

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");

impl Forward {
    pub(super) fn new<'a>(
        hide_credentials: bool,
        token: Option<TokenField>,
        places: &Places,
        told: impl Iterator<Item = &'a HeaderName>,
    ) -> Self {
        let told: Vec<HeaderName> = told.cloned().collect();
        let credentials = [AUTHORIZATION, COOKIE, DPOP, credential::ACCESS_TOKEN, credential::X_ACCESS_TOKEN];
        let configured =
            token.iter().map(|field| field.name.clone()).chain(places.field.clone()).chain(told.clone());
        let mut lookalikes: Vec<String> =
            credentials.into_iter().chain(configured).map(|name| folded(name.as_str())).collect();
        lookalikes.sort_unstable();
        lookalikes.dedup();
        Self { hide_credentials, token, told, lookalikes, withheld: Vec::new() }
    }

    /// Forwards none of these fields either, in any spelling.
    pub(super) fn without<'a>(mut self, names: impl Iterator<Item = &'a HeaderName>) -> Self {
        self.withheld.extend(names.cloned());
        self.lookalikes.extend(self.withheld.iter().map(|name| folded(name.as_str())));
        self.lookalikes.sort_unstable();
        self.lookalikes.dedup();
        self
    }

    /// Takes out of the fields what only a gateway may say, and the proof in any spelling. Who calls is said anew.
    pub(super) fn strip(&self, headers: &mut HeaderMap, identity: &Identity) {
        headers.remove(DPOP);
        for name in self.told.iter().chain(&self.withheld) {
            headers.remove(name);
        }
        identity::restate(headers, identity);
        if headers.keys().any(is_disguised) {
            let twins: Vec<HeaderName> =
                headers.keys().filter(|name| self.is_lookalike(name)).cloned().collect();
            for name in twins {
                headers.remove(name);
            }
        }
    }

    fn is_lookalike(&self, name: &HeaderName) -> bool {
        is_disguised(name) && self.lookalikes.binary_search(&folded(name.as_str())).is_ok()
    }

    /// The fields that only Keybound sets for the upstream.
    pub(super) fn reserved(&self) -> Vec<HeaderName> {
        let token = self.token.iter().map(|field| &field.name);
        self.told.iter().chain(&self.withheld).chain(token).cloned().collect()
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

/// Takes every token out of a request that is forwarded without one having been verified: the upstream must not take what
/// nobody looked at for what Keybound let through. Other schemes in `Authorization` stay; they are for plugins to come.
///
/// # Errors
/// [`BodyFault`] when a token stood in the body and the body is gone.
pub(super) async fn withdraw(
    forward: &Forward,
    places: &Places,
    head: &mut Head,
    body: &mut dyn BodySource,
    identity: &Identity,
    place: Option<&Place>,
) -> Result<(), BodyFault> {
    let headers = &mut head.headers;
    forward.strip(headers, identity);
    drop_tokens(places, headers, None);
    // Where the upstream expects the bare token in `Authorization`, no scheme tells one from another value.
    if let Some(field) = forward.token.as_ref().filter(|field| field.name != AUTHORIZATION || !field.bearer) {
        headers.remove(&field.name);
    }
    if let Some(name) = &places.cookie {
        hide_cookie(headers, name);
    }
    if places.query {
        head.query = head.query.as_deref().and_then(credential::query_without_token);
    }
    if let Some(Place::Body(kind)) = place {
        let whole = body.whole(super::BODY_LIMIT).await?;
        body.replace(credential::body_without_token(*kind, &whole));
    }
    Ok(())
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
    drop_tokens(places, &mut head.headers, Some(&credential.place));
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
        Place::Cookie | Place::Authorization | Place::Field(_) | Place::Session => {}
    }
    forward.set_token(&mut head.headers, credential.token());
    Ok(())
}

/// Takes tokens out of the fields that carry them, but for the place of the one that was verified. Other schemes in
/// `Authorization` stay.
fn drop_tokens(places: &Places, headers: &mut HeaderMap, verified: Option<&Place>) {
    if verified != Some(&Place::Authorization)
        && headers.get_all(AUTHORIZATION).iter().any(credential::carries_token)
    {
        let lines = headers.get_all(AUTHORIZATION).iter();
        let others: Vec<HeaderValue> =
            lines.filter(|line| !credential::carries_token(line)).cloned().collect();
        headers.remove(AUTHORIZATION);
        for line in others {
            headers.append(AUTHORIZATION, line);
        }
    }
    let fields = [credential::ACCESS_TOKEN, credential::X_ACCESS_TOKEN];
    for name in fields.iter().chain(&places.field).filter(|name| **name != AUTHORIZATION) {
        if !matches!(verified, Some(Place::Field(used)) if used == name) {
            headers.remove(name);
        }
    }
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
        let told = HeaderName::from_static("x-user");
        Forward::new(true, token, &places, std::iter::once(&told))
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
            "x-user",
            "x_user",
            "x.user",
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

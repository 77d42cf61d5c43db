//! The second step: is the token good? Verified here when it is a JWT, at the provider when it is not.

use std::sync::Arc;

use http::HeaderMap;
use keybound_oidc::{Introspector, Provider, RequestExtras, Shape, Source, TokenFault, Verifier};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::thumbprint::token_hash;
use serde_json::{Map, Value};

use super::claims::Claims;
use super::client_choice::ClientChoice;
use super::config::{ExtraNames, Methods};
use super::credential::{self, BodyKind, Credential};
use crate::contract::{BodySource, Head};
use crate::fault::AccessFault;

/// What verifies the tokens of one instance. Kept while the configuration that decides about tokens stays the same.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) provider: Arc<Provider>,
    pub(super) verifier: Verifier,
    pub(super) introspector: Introspector,
    pub(super) methods: Methods,
    pub(super) domains: Vec<String>,
    pub(super) extras: ExtraNames,
    pub(super) clients: ClientChoice,
}

/// A credential whose token is good. Whether its bearer may use it is not known yet.
#[derive(Debug)]
pub(super) struct VerifiedToken {
    credential: Credential,
    hash: [u8; 32],
    token: Arc<keybound_oidc::VerifiedToken>,
    /// What the provider said of a token that was verified here too, or the other way round.
    other: Option<Arc<keybound_oidc::VerifiedToken>>,
}

/// What is known of a token, from one or from two places.
type Known = (Arc<keybound_oidc::VerifiedToken>, Option<Arc<keybound_oidc::VerifiedToken>>);

impl VerifiedToken {
    /// The token of a session, which was verified when that began.
    pub(super) fn kept(
        credential: Credential,
        hash: [u8; 32],
        token: Arc<keybound_oidc::VerifiedToken>,
    ) -> Self {
        Self { credential, hash, token, other: None }
    }

    /// Who issued it.
    pub(super) fn issuer(&self) -> &str {
        &self.token.issuer
    }

    /// How it was verified.
    pub(super) fn source(&self) -> Source {
        self.token.source
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The SHA-256 of the token as presented, which `ath` must equal.
    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    pub(super) fn claims(&self) -> &Map<String, Value> {
        &self.token.claims
    }

    /// Its claims, and those of the other place where something is known of it.
    pub(super) fn all_claims(&self) -> Claims<'_> {
        Claims { token: self.claims(), answer: self.other.as_ref().map(|other| &*other.claims) }
    }

    /// The introspection answer, where the provider was asked.
    pub(super) fn answer(&self) -> Option<&Map<String, Value>> {
        self.places().find(|place| place.source == Source::Introspection).map(|place| &*place.claims)
    }

    /// The introspection answer as it came, where it was signed.
    pub(super) fn signed_answer(&self) -> Option<&str> {
        self.places().find_map(|place| place.signed_answer.as_deref())
    }

    /// The key that verified its signature, where one did.
    pub(super) fn key(&self) -> Option<&Map<String, Value>> {
        self.places().find_map(|place| place.key.as_deref())
    }

    fn places(&self) -> impl Iterator<Item = &keybound_oidc::VerifiedToken> {
        std::iter::once(&*self.token).chain(self.other.as_deref())
    }

    pub(super) fn confirmation(&self) -> &Confirmation {
        &self.token.confirmation
    }

    /// The client that the token was issued to (RFC 9068 §2.2, RFC 7662 §2.2; `azp` as Keycloak and others have it).
    pub(super) fn client(&self) -> Option<&str> {
        ["client_id", "azp"].iter().find_map(|name| self.claims().get(*name)?.as_str())
    }

    /// Whom the token speaks for: its subject, else its client.
    pub(super) fn subject(&self) -> Option<&str> {
        ["sub", "client_id", "azp"].iter().find_map(|name| self.claims().get(*name)).and_then(Value::as_str)
    }
}

impl Tokens {
    /// Verifies a token. One that was verified before is found by its hash; its times are looked at again.
    ///
    /// # Errors
    /// Faults of the token and of the provider; [`AccessFault::Domain`] when `hd` is none of `domains`.
    pub(super) async fn verify(
        &self,
        credential: Credential,
        head: &Head,
        body: &mut dyn BodySource,
    ) -> Result<VerifiedToken, AccessFault> {
        let text = credential.token();
        let hash = token_hash(text.as_bytes());
        let (token, other) = self.judge(text, &hash, head, body).await?;
        Ok(VerifiedToken { credential, hash, token, other })
    }

    async fn judge(
        &self,
        text: &str,
        hash: &[u8; 32],
        head: &Head,
        body: &mut dyn BodySource,
    ) -> Result<Known, AccessFault> {
        let (token, other) = match self.verifier.cached(hash) {
            Some(known) if self.methods.bearer && !self.methods.introspect_jwt => (known?, None),
            _ => self.look(text, hash, head, body).await?,
        };
        let domain = token.claims.get("hd").and_then(Value::as_str);
        if self.domains.is_empty()
            || domain.is_some_and(|domain| self.domains.iter().any(|other| other == domain))
        {
            Ok((token, other))
        } else {
            Err(AccessFault::Domain)
        }
    }

    async fn look(
        &self,
        text: &str,
        hash: &[u8; 32],
        head: &Head,
        body: &mut dyn BodySource,
    ) -> Result<Known, AccessFault> {
        let here = match Shape::of(text) {
            Shape::Jws => self.methods.bearer,
            // What is not a signed JWT is refused here by name, unless the provider can be asked.
            Shape::Jwe | Shape::Opaque => !self.methods.introspection,
        };
        if here {
            let token = self.verifier.verify(text, hash).await?;
            if !self.methods.introspect_jwt {
                return Ok((token, None));
            }
            let extras = self.extras(head, body).await;
            let answer = self.introspector.introspect(text, hash, &extras).await?;
            // The provider may add a binding; it can not loosen or change the one in the token.
            return match (&token.confirmation, &answer.confirmation) {
                (own, other) if own == other || other.is_unbound() => Ok((token, Some(answer))),
                (own, _) if own.is_unbound() => Ok((answer, Some(token))),
                _ => Err(TokenFault::Inactive.into()),
            };
        }
        let extras = self.extras(head, body).await;
        Ok((self.introspector.introspect(text, hash, &extras).await?, None))
    }
}

impl Tokens {
    /// What this request adds to the introspection of its token, and which client asks.
    async fn extras(&self, head: &Head, body: &mut dyn BodySource) -> RequestExtras {
        let mut extras = self.extras.of(&head.headers, body).await;
        extras.client = self.clients.of(head, body).await;
        extras
    }
}

impl ExtraNames {
    /// What this request adds to the introspection of its token.
    async fn of(&self, headers: &HeaderMap, body: &mut dyn BodySource) -> RequestExtras {
        let mut extras = RequestExtras::default();
        for name in &self.headers {
            extras.headers.extend(headers.get(name).map(|value| (name.clone(), value.clone())));
        }
        for name in &self.headers_as_args {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            extras.post_args.extend(value.map(|value| (name.as_str().to_owned(), value.to_owned())));
        }
        if !self.args.is_empty()
            && let Some(kind) = BodyKind::of(headers)
            && let Ok(body) = body.whole(super::BODY_LIMIT).await
        {
            extras.post_args.extend(credential::body_parameters(kind, &body, &self.args));
        }
        extras
    }
}

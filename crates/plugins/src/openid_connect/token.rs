//! The second step: is the token good? Verified here when it is a JWT, at the provider when it is not.

use std::sync::Arc;

use http::HeaderMap;
use keybound_oidc::{Introspector, RequestExtras, Shape, TokenFault, Verifier};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::thumbprint::token_hash;
use serde_json::{Map, Value};

use super::client_choice::ClientChoice;
use super::config::{ExtraNames, Methods};
use super::credential::{self, BodyKind, Credential};
use crate::contract::{BodySource, Head};
use crate::fault::AccessFault;

/// What verifies the tokens of one instance. Kept while the configuration that decides about tokens stays the same.
#[derive(Debug)]
pub(super) struct Tokens {
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
}

impl VerifiedToken {
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

    pub(super) fn confirmation(&self) -> &Confirmation {
        &self.token.confirmation
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
        let token = self.judge(text, &hash, head, body).await?;
        Ok(VerifiedToken { credential, hash, token })
    }

    async fn judge(
        &self,
        text: &str,
        hash: &[u8; 32],
        head: &Head,
        body: &mut dyn BodySource,
    ) -> Result<Arc<keybound_oidc::VerifiedToken>, AccessFault> {
        let token = match self.verifier.cached(hash) {
            Some(known) if self.methods.bearer && !self.methods.introspect_jwt => known?,
            _ => self.look(text, hash, head, body).await?,
        };
        let domain = token.claims.get("hd").and_then(Value::as_str);
        if self.domains.is_empty()
            || domain.is_some_and(|domain| self.domains.iter().any(|other| other == domain))
        {
            Ok(token)
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
    ) -> Result<Arc<keybound_oidc::VerifiedToken>, AccessFault> {
        let here = match Shape::of(text) {
            Shape::Jws => self.methods.bearer,
            // What is not a signed JWT is refused here by name, unless the provider can be asked.
            Shape::Jwe | Shape::Opaque => !self.methods.introspection,
        };
        if here {
            let token = self.verifier.verify(text, hash).await?;
            if !self.methods.introspect_jwt {
                return Ok(token);
            }
            let extras = self.extras(head, body).await;
            let answer = self.introspector.introspect(text, hash, &extras).await?;
            // The provider may add a binding; it can not loosen or change the one in the token.
            return match (&token.confirmation, &answer.confirmation) {
                (own, other) if own == other || other.is_unbound() => Ok(token),
                (own, _) if own.is_unbound() => Ok(answer),
                _ => Err(TokenFault::Inactive.into()),
            };
        }
        let extras = self.extras(head, body).await;
        Ok(self.introspector.introspect(text, hash, &extras).await?)
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

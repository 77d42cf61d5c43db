//! The plugin `openid-connect`: an access token goes through only with the key it is bound to.
//!
//! One step per file, each taking the value that the step before it returned, so that none can be skipped:
//!
//! | step | from | to |
//! |---|---|---|
//! | [`credential`] | the request's head, or its body | `Credential`: scheme, place, token |
//! | [`token`] | `Credential` | `VerifiedToken`: claims and confirmation |
//! | [`binding`] | `VerifiedToken`, the proof, the connection | `BoundToken`; the replay record is its last act |
//! | [`authorize`] | `BoundToken` | `Grant`: the claims allow the request |
//! | [`rewrite`] | `Grant` | the request that is forwarded |
//!
//! A step that fails becomes a [`answer::Refused`], and that the refusal which the client sees.

mod answer;
mod asking;
mod authorize;
mod binding;
mod build;
mod certificate;
mod client_choice;
mod cluster_cache;
mod config;
mod credential;
mod nonce;
mod replay;
mod rewrite;
pub(crate) mod schema;
mod target;
mod token;

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, ORIGIN};
use http::{HeaderValue, Method};
use keybound_pop::binding::Mode;
use keybound_pop::time::Clock;

pub(crate) use self::build::{Builder, Shared};

use self::answer::{Answerer, DPOP_NONCE, NO_STORE, Refused};
use self::binding::Binder;
use self::config::Config;
use self::credential::{BodyKind, Credential};
use self::token::Tokens;
use crate::contract::{BodyFault, Decision, Exchange, Flow, Head, Notes, Plugin, ResponseHead};
use crate::fault::{AccessFault, CredentialFault};
use crate::identity;

/// Most bytes of a body that is searched for a token.
const BODY_LIMIT: usize = 1024 * 1024;

/// One configured instance.
#[derive(Debug)]
pub(crate) struct OpenIdConnect {
    config: Config,
    answerer: Answerer,
    tokens: Arc<Tokens>,
    binder: Binder,
    clock: SharedClock,
}

/// A clock, printable.
struct SharedClock(Arc<dyn Clock>);

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Plugin for OpenIdConnect {
    fn name(&self) -> &'static str {
        schema::NAME
    }

    fn priority(&self) -> i32 {
        schema::PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            if self.config.skip_preflight && is_preflight(exchange.head) {
                self.config.forward.strip(&mut exchange.head.headers, &exchange.notes.identity);
                return Flow::Continue;
            }
            match self.decide(exchange).await {
                Ok(()) => Flow::Continue,
                Err(refused) => Flow::Refuse(Box::new(self.answerer.refuse(*refused))),
            }
        })
    }

    fn credential_names(&self) -> Vec<String> {
        self.config.places.field.iter().map(|name| name.as_str().to_owned()).collect()
    }

    /// A client keeps the last nonce it was sent (RFC 9449 §8.2): one of the upstream's would be sent to us.
    fn response(&self, response: &mut ResponseHead<'_>) {
        if response.from_upstream && self.config.possession.policy.dpop != Mode::Off {
            response.headers.remove(DPOP_NONCE);
        }
    }
}

impl OpenIdConnect {
    async fn decide(&self, exchange: Exchange<'_>) -> Result<(), Box<Refused>> {
        let Exchange { head, body, notes, scope, .. } = exchange;
        let now = self.clock.0.now();
        let credential = self
            .credential(head, body)
            .await
            .map_err(|fault| Box::new(Refused::new(fault, credential::meant_scheme(&head.headers))))?;
        let used = credential.scheme;
        self.binder.admits(used).map_err(|fault| Box::new(Refused::new(fault, used)))?;
        let token = self.tokens.verify(credential, head, body).await.map_err(|fault| {
            notes.detail = detail(&fault);
            Box::new(Refused::new(fault, used))
        })?;
        notes.subject = token.subject().map(str::to_owned);
        let bound = self.binder.bind(token, head, scope, now, notes).await.map_err(|unbound| {
            let bound = unbound.token.confirmation().jkt.is_some();
            Box::new(Refused { bound, nonce: unbound.nonce, ..Refused::new(unbound.fault, used) })
        })?;
        let nonce = bound.nonce().map(str::to_owned);
        let grant = authorize::authorize(bound, &self.config.requirements)
            .map_err(|(fault, scope)| Box::new(Refused { scope, ..Refused::new(fault, used) }))?;
        identity::accept(&mut notes.identity);
        rewrite::rewrite(&grant, &self.config.forward, &self.config.places, head, body, &notes.identity)
            .await
            .map_err(|_: BodyFault| Box::new(Refused::new(CredentialFault::Body, used)))?;
        hand_out(nonce, notes);
        Ok(())
    }

    /// The request's one credential. A JSON body is read only when no other place has one. A form is always looked at: by
    /// RFC 6750 §2.2 an upstream may read a token there too, and it must not be another than the one that was checked.
    async fn credential(
        &self,
        head: &Head,
        body: &mut dyn crate::contract::BodySource,
    ) -> Result<Credential, CredentialFault> {
        let places = &self.config.places;
        let mut found = credential::find(head, places)?;
        if places.body
            && let Some(kind) = BodyKind::of(&head.headers)
            && (found.is_none() || kind == BodyKind::Form)
        {
            let other = match body.whole(BODY_LIMIT).await {
                Ok(body) => credential::from_body(kind, &body)?,
                Err(BodyFault::TooLarge) => None,
                Err(BodyFault::Broken) => return Err(CredentialFault::Body),
            };
            if found.is_some() && other.is_some() {
                return Err(CredentialFault::Ambiguous);
            }
            found = found.or(other);
        }
        let credential = found.ok_or(CredentialFault::Missing)?;
        if credential.token().len() > places.max_length {
            return Err(CredentialFault::TooLong);
        }
        Ok(credential)
    }
}

/// What the log needs to know of a provider that failed.
fn detail(fault: &AccessFault) -> Option<String> {
    match fault {
        AccessFault::Provider(fault) => Some(fault.to_string()),
        _ => None,
    }
}

/// Sends a nonce along with the success, which must then not be stored (RFC 9449 §8.2).
fn hand_out(nonce: Option<String>, notes: &mut Notes) {
    if let Some(value) = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok()) {
        notes.response_headers.push((DPOP_NONCE, value));
        notes.response_headers.push((CACHE_CONTROL, NO_STORE));
    }
}

/// A CORS preflight request (Fetch §4.8).
fn is_preflight(head: &Head) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

//! The plugin `openid-connect`: an access token goes through only with the key it is bound to.
//!
//! One step per file, each taking the value that the step before it returned, so that none can be skipped:
//!
//! | step | from | to |
//! |---|---|---|
//! | [`session`] | the request's cookies | a session that stands for a token |
//! | [`credential`] | the request's head, or its body | `Credential`: scheme, place, token |
//! | [`token`] | `Credential` | `VerifiedToken`: claims and confirmation |
//! | [`binding`] | `VerifiedToken`, the proof, the connection | `BoundToken`; the replay record is its last act |
//! | [`step_up`] | `BoundToken` | how and when the user was authenticated is good enough |
//! | [`authorize`] | `BoundToken` | `Grant`: the claims allow the request |
//! | [`identify`] | `Grant` | who calls: consumer, groups, credential |
//! | [`rewrite`] | `Grant` | the request that is forwarded |
//!
//! A step that fails becomes a [`answer::Refused`], and that the refusal which the client sees, a redirect in its place
//! ([`redirect`]), or a request of the anonymous consumer ([`anonymous`]).

mod anonymous;
mod answer;
mod asking;
mod authorize;
mod binding;
mod build;
mod certificate;
mod claims;
mod client_choice;
mod cluster_cache;
mod config;
mod credential;
pub(crate) mod fuzzing;
mod headers;
mod identify;
mod nonce;
mod proof_keys;
mod proof_work;
mod redirect;
mod replay;
mod report;
mod resource_metadata;
mod rewrite;
pub(crate) mod schema;
mod session;
mod step_up;
mod target;
mod token;
mod trace;

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderName, HeaderValue, Method};
use keybound_pop::binding::{Mode, Scheme};
use keybound_pop::time::{Clock, UnixTime};

pub(crate) use self::build::{Builder, Shared};
pub use self::proof_work::DearChecks;

use self::answer::{Answerer, DPOP_NONCE, Refused};
use self::binding::Binder;
use self::config::Config;
use self::credential::{BodyKind, Credential, Place};
use self::report::Reporter;
use self::resource_metadata::ResourceMetadata;
use self::session::{Companion, Sessions, Visit, no_store};
use self::token::{Tokens, VerifiedToken};
use crate::contract::{
    BodyFault, BodySource, Decision, Exchange, Flow, Head, Notes, Plugin, PublishesResource, Refusal,
    ResponseHead,
};
use crate::fault::{AccessFault, CredentialFault, SessionFault};
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
    sessions: Option<Sessions>,
    companion: Option<Companion>,
    reporter: Reporter,
    metadata: Option<ResourceMetadata>,
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
            let preflight = self.config.skip_preflight && is_preflight(exchange.head);
            // With `anonymous`, one plugin that knows the caller is enough.
            let known = self.config.anonymous.is_some() && exchange.notes.identity.authenticated;
            if preflight || known {
                return self.pass_by(exchange, None).await;
            }
            let Exchange { head, body, notes, scope, directory } = exchange;
            let mut place = None;
            let exchange =
                Exchange { head: &mut *head, body: &mut *body, notes: &mut *notes, scope, directory };
            match self.decide(exchange, &mut place).await {
                Ok(()) => {
                    self.reporter.passed(head, scope, notes);
                    Flow::Continue
                }
                Err(refused) => {
                    let exchange = Exchange { head, body, notes, scope, directory };
                    self.instead(*refused, exchange, place.as_ref()).await
                }
            }
        })
    }

    fn credential_names(&self) -> Vec<String> {
        let places = self.config.places.field.iter();
        places.chain(self.config.headers.credential_names()).map(|name| name.as_str().to_owned()).collect()
    }

    fn reserved_fields(&self) -> Vec<HeaderName> {
        self.config.forward.reserved()
    }

    fn publishes(&self) -> Option<&dyn PublishesResource> {
        self.metadata.as_ref().map(|metadata| metadata as _)
    }

    /// A client keeps the last nonce it was sent (RFC 9449 §8.2): one of the upstream's would be sent to us.
    fn response(&self, response: &mut ResponseHead<'_>) {
        if response.from_upstream && self.config.possession.policy.dpop != Mode::Off {
            response.headers.remove(DPOP_NONCE);
        }
    }
}

impl OpenIdConnect {
    /// Lets a request pass that nobody looks at here, without any token.
    async fn pass_by(&self, exchange: Exchange<'_>, place: Option<&Place>) -> Flow {
        let Exchange { head, body, notes, .. } = exchange;
        let config = &self.config;
        self.strip_sessions(head);
        let withdrawn =
            rewrite::withdraw(&config.forward, &config.places, head, body, &notes.identity, place).await;
        match withdrawn {
            Ok(()) => Flow::Continue,
            Err(_) => {
                let refused = Refused::new(CredentialFault::Body, credential::meant_scheme(&head.headers));
                Flow::Refuse(Box::new(self.refusal(refused, head, notes)))
            }
        }
    }

    /// What follows in place of the permission: the anonymous consumer, a redirect, or the refusal.
    async fn instead(&self, refused: Refused, exchange: Exchange<'_>, place: Option<&Place>) -> Flow {
        let Some(name) = self.config.anonymous.as_ref().filter(|_| anonymous::may_replace(&refused.fault))
        else {
            let Exchange { head, notes, scope, .. } = exchange;
            self.reporter.refused(refused.fault.row().code, scope, notes);
            let mut refusal = self.refusal(refused, head, notes);
            self.config.redirects.apply(&mut refusal, &head.headers);
            return Flow::Refuse(Box::new(refusal));
        };
        if let Err(mut refusal) = identity::become_anonymous(name, exchange.notes, exchange.directory) {
            self.config.redirects.apply(&mut refusal, &exchange.head.headers);
            return Flow::Refuse(refusal);
        }
        if place.is_some() {
            exchange.notes.noticed.push(refused.fault.row().code);
        }
        self.pass_by(exchange, place).await
    }

    /// The answer to a refused request; its challenges name the metadata where they are published.
    fn refusal(&self, refused: Refused, head: &Head, notes: &Notes) -> Refusal {
        let metadata = self.metadata.as_ref().map(|metadata| metadata.url(head, notes));
        self.answerer.refuse(refused, metadata)
    }

    async fn decide(&self, exchange: Exchange<'_>, place: &mut Option<Place>) -> Result<(), Box<Refused>> {
        let Exchange { head, body, notes, scope, directory } = exchange;
        let now = self.clock.0.now();
        let mut visit = Visit::default();
        let exchange = Exchange { head: &mut *head, body: &mut *body, notes: &mut *notes, scope, directory };
        let result = self.pass(exchange, now, &mut visit, place).await;
        if let (Err(refused), Some(sessions)) = (&result, &self.sessions) {
            sessions.end_after(&refused.fault, &visit, head, notes, now).await;
        }
        result
    }

    async fn pass(
        &self,
        exchange: Exchange<'_>,
        now: UnixTime,
        visit: &mut Visit,
        place: &mut Option<Place>,
    ) -> Result<(), Box<Refused>> {
        let Exchange { head, body, notes, scope, directory } = exchange;
        let credential = self
            .credential(head, body, now, visit)
            .await
            .map_err(|fault| Box::new(Refused::new(fault, self.meant_scheme(head, visit))))?;
        let used = credential.scheme;
        if self.config.anonymous.is_some() {
            *place = Some(credential.place.clone());
        }
        self.binder.admits(used).map_err(|fault| Box::new(Refused::new(fault, used)))?;
        let verifying = self.verify(credential, head, body, now, visit);
        let token = trace::token(&mut notes.trace, verifying).await.map_err(|fault| {
            notes.detail = detail(&fault);
            Box::new(Refused::new(fault, used))
        })?;
        Reporter::identify(&token, notes);
        self.require_proven(&token, visit, notes).map_err(|fault| Box::new(Refused::new(fault, used)))?;
        let bound = self.binder.bind(token, head, scope, now, notes).await.map_err(|unbound| {
            let bound = unbound.token.confirmation().jkt.is_some();
            Box::new(Refused { bound, nonce: unbound.nonce, ..Refused::new(unbound.fault, used) })
        })?;
        let nonce = bound.nonce().map(str::to_owned);
        let step_up = self.config.step_up.check(bound.token().claims(), now);
        step_up.map_err(|fault| Box::new(Refused::new(fault, used)))?;
        let grant = authorize::authorize(bound, &self.config.requirements)
            .map_err(|(fault, scope)| Box::new(Refused { scope, ..Refused::new(fault, used) }))?;
        self.config
            .identify
            .identify(grant.token().all_claims(), directory, &mut notes.identity)
            .map_err(|fault| Box::new(Refused::new(fault, used)))?;
        let facts = match &self.sessions {
            Some(sessions) => {
                let bound = grant.bound();
                sessions.settle(std::mem::take(visit), bound.token(), bound.held(), head, notes, now).await
            }
            None => None,
        };
        rewrite::rewrite(&grant, &self.config.forward, &self.config.places, head, body, &notes.identity)
            .await
            .map_err(|_: BodyFault| Box::new(Refused::new(CredentialFault::Body, used)))?;
        self.strip_sessions(head);
        self.config.headers.tell_upstream(grant.token(), &mut head.headers, notes);
        self.config.headers.tell_client(grant.token(), notes);
        if let (Some(sessions), Some(facts)) = (&self.sessions, facts) {
            sessions.tell(&facts, &mut head.headers, notes);
        }
        hand_out(nonce, notes);
        Ok(())
    }

    /// The request's one credential: a token, else the session that stands for one. A token beside a session decides by itself.
    /// A JSON body is read only when no other place has one. A form is always looked at: by RFC 6750 §2.2 an upstream may read
    /// a token there too, and it must not be another than the one that was checked.
    async fn credential(
        &self,
        head: &Head,
        body: &mut dyn BodySource,
        now: UnixTime,
        visit: &mut Visit,
    ) -> Result<Credential, AccessFault> {
        let places = &self.config.places;
        let mut found = credential::find(head, places)?;
        if let Some(sessions) = &self.sessions {
            *visit = sessions.find(head, now).await;
        }
        let session = match found {
            None => visit.credential(&self.config.possession.policy),
            Some(_) => None,
        };
        if places.body
            && let Some(kind) = BodyKind::of(&head.headers)
            && (found.is_none() && session.is_none() || kind == BodyKind::Form)
        {
            let other = match body.whole(BODY_LIMIT).await {
                Ok(body) => credential::from_body(kind, &body)?,
                Err(BodyFault::TooLarge) => None,
                Err(BodyFault::Broken) => return Err(CredentialFault::Body.into()),
            };
            if found.is_some() && other.is_some() {
                return Err(CredentialFault::Ambiguous.into());
            }
            found = found.or(other);
        }
        match &found {
            Some(credential) => visit.beside(credential.token()),
            None => {
                if let Some(fault) = visit.fault() {
                    return Err(fault.into());
                }
                if let Some(session) = session {
                    return Ok(session);
                }
            }
        }
        let credential = found.ok_or(CredentialFault::Missing)?;
        if credential.token().len() > places.max_length {
            return Err(CredentialFault::TooLong.into());
        }
        Ok(credential)
    }

    /// The credential's token, verified; that of a session by what was sealed with it.
    async fn verify(
        &self,
        credential: Credential,
        head: &Head,
        body: &mut dyn BodySource,
        now: UnixTime,
        visit: &Visit,
    ) -> Result<VerifiedToken, AccessFault> {
        let token = match &self.sessions {
            Some(sessions) if credential.place == Place::Session => {
                sessions.token(visit, credential, &self.tokens, head, body, now).await?
            }
            _ => self.tokens.verify(credential, head, body).await?,
        };
        if let Some(companion) = &self.companion {
            companion.check(&head.headers, token.claims())?;
        }
        Ok(token)
    }

    /// Refuses a session that began without the proof of possession that its token needs here.
    fn require_proven(
        &self,
        token: &VerifiedToken,
        visit: &Visit,
        notes: &mut Notes,
    ) -> Result<(), SessionFault> {
        let possession = &self.config.possession;
        if token.credential().place != Place::Session || !visit.is_unproven(&possession.policy) {
            return Ok(());
        }
        if possession.report_only {
            notes.fault = Some(AccessFault::from(SessionFault::Unproven).row().code);
            return Ok(());
        }
        Err(SessionFault::Unproven)
    }

    /// The scheme that a request means to use, also when its credential can not be read.
    fn meant_scheme(&self, head: &Head, visit: &Visit) -> Scheme {
        let policy = &self.config.possession.policy;
        visit.scheme(policy).unwrap_or_else(|| match credential::meant_scheme(&head.headers) {
            // Beside a session that is not taken, the proof alone tells.
            Scheme::Bearer if visit.fault().is_some() && head.headers.contains_key(rewrite::DPOP) => {
                if policy.dpop == Mode::Off { Scheme::Bearer } else { Scheme::Dpop }
            }
            scheme => scheme,
        })
    }

    fn strip_sessions(&self, head: &mut Head) {
        if let Some(sessions) = &self.sessions {
            sessions.strip(&mut head.headers);
        }
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
        no_store(notes);
    }
}

/// A CORS preflight request (Fetch §4.8).
fn is_preflight(head: &Head) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

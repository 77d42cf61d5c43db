//! Sessions: a good token begins one, and later requests may come with its cookie in place of the token.
//!
//! A session stands for its token and never for more: what the token is bound to is demanded on every request, by the same
//! steps as for the token itself. It says which plugin instance let the token in and which keys were shown then, so that one
//! that was made elsewhere, or without a proof, satisfies no binding, even where secrets are shared.
//!
//! | step | does |
//! |---|---|
//! | [`find`](Sessions::find) | reads the cookies, opens what they hold, looks at times and terms |
//! | [`token`](Sessions::token) | the session's token, verified anew or by what was sealed with it |
//! | [`settle`](Sessions::settle) | after the request was granted: goes on with the session, or begins one |
//! | [`end_after`](Sessions::end_after) | after it was refused: ends a session that is good for nothing any more |

mod companion;
mod config;
mod cookie;
mod facts;
mod find;
pub(crate) mod fuzzing;
mod recent;
mod record;
mod seal;
mod settle;
mod shelf;
mod terms;
mod timeouts;
mod visit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest;
use http::HeaderMap;
use keybound_oidc::{Source, TokenPolicy};
use keybound_pop::base64url;
use keybound_pop::binding::Policy;
use keybound_pop::time::UnixTime;
use keybound_store::shared::SharedStore;

pub(super) use self::companion::Companion;
pub(super) use self::facts::Facts;
pub(super) use self::settle::no_store;
pub(super) use self::visit::Visit;

use self::config::SessionConfig;
use self::recent::Recent;
use self::record::{Method, SessionId};
use self::seal::Sealer;
use self::shelf::Shelf;
use super::credential::Credential;
use super::token::{Tokens, VerifiedToken};
use crate::contract::{BodySource, Head, Instance};
use crate::environment::{Environment, Random};
use crate::fault::{AccessFault, SessionFault};

/// The sessions of one instance.
pub(super) struct Sessions {
    config: SessionConfig,
    instance: uuid::Uuid,
    /// The digest of the settings that decide about tokens. A session that was made under others is verified anew.
    settings: String,
    policy: TokenPolicy,
    possession: Policy,
    sealer: Sealer,
    shelf: Option<Shelf>,
    recent: Recent,
    random: Arc<dyn Random>,
    said_too_large: AtomicBool,
}

impl Sessions {
    /// The sessions of an instance; `None` when `session` is none of its methods. `settings`: what decides about its tokens,
    /// as text. `store` is asked where `session_storage` is `redis`.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn new(
        instance: &Instance<'_>,
        settings: &str,
        policy: &TokenPolicy,
        possession: &Policy,
        environment: &Environment,
        store: impl FnOnce() -> Result<Arc<dyn SharedStore>, String>,
    ) -> Result<Option<Self>, String> {
        let Some(config) = SessionConfig::parse(instance.config)? else { return Ok(None) };
        let sealer = match &config.secret {
            Some(secret) => Sealer::new(secret.0.as_bytes(), Arc::clone(&environment.random)),
            None => {
                if !environment.root.is_shared() {
                    tracing::warn!(
                        plugin = %instance.id,
                        "session_secret is not set: sessions end with this process, and other nodes do not know them"
                    );
                }
                let derived = environment.root.derive("session", instance.id.as_bytes());
                Sealer::new(&derived, Arc::clone(&environment.random))
            }
        };
        let shelf = match &config.redis {
            Some(names) => Some(Shelf { store: store()?, names: names.clone() }),
            None => None,
        };
        let digest = digest::digest(&digest::SHA256, settings.as_bytes());
        Ok(Some(Self {
            config,
            instance: instance.id,
            settings: base64url::encode(digest.as_ref().get(..16).unwrap_or_default()),
            policy: policy.clone(),
            possession: *possession,
            sealer,
            shelf,
            recent: Recent::new(),
            random: Arc::clone(&environment.random),
            said_too_large: AtomicBool::new(false),
        }))
    }

    /// The session's token. By default what was sealed with it is believed, and its times are looked at again; with `reverify`,
    /// and where the settings changed since, it is verified as if it had been presented.
    ///
    /// # Errors
    /// As [`Tokens::verify`]; [`SessionFault::Rebound`] when it is not bound any more as it was.
    pub(super) async fn token(
        &self,
        visit: &Visit,
        credential: Credential,
        tokens: &Tokens,
        head: &Head,
        body: &mut dyn BodySource,
        now: UnixTime,
    ) -> Result<VerifiedToken, AccessFault> {
        let Some(session) = &visit.session else { return Err(SessionFault::Unknown.into()) };
        // Where the provider is to be asked of every token, it is asked of a session's too.
        let trusted = session.own
            && session.login.settings == self.settings
            && !self.config.reverify
            && !tokens.methods.introspect_jwt;
        let token = if trusted {
            let claims = session.login.claims().ok_or(SessionFault::Unknown)?;
            let source = match session.login.method {
                Method::Bearer => Source::Jwt,
                Method::Introspection => Source::Introspection,
            };
            let issuer = session.login.issuer.as_str();
            let kept = keybound_oidc::VerifiedToken::kept(issuer, claims, source, &self.policy, now)
                .map_err(AccessFault::Token)?;
            VerifiedToken::kept(credential, session.hash(), Arc::new(kept))
        } else {
            tokens.verify(credential, head, body).await?
        };
        if *token.confirmation() == session.confirmation {
            Ok(token)
        } else {
            Err(SessionFault::Rebound.into())
        }
    }

    /// Takes out of a request what only the gateway may know and say of sessions.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        self.config.telling.strip(headers);
        if self.config.hide {
            let remember = self.config.remember.as_deref();
            let names: Vec<&str> = std::iter::once(self.config.cookie.as_str()).chain(remember).collect();
            cookie::hide(headers, &names);
        }
    }

    /// Tells the upstream and the client what the configuration says they are told.
    pub(super) fn tell(&self, facts: &Facts, headers: &mut HeaderMap, notes: &mut crate::contract::Notes) {
        self.config.telling.tell(facts, headers, notes);
    }

    fn new_id(&self) -> SessionId {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        SessionId::new(bytes)
    }

    /// Says once that sessions are too large; a client can make as many as it likes.
    fn say_too_large(&self) {
        if !self.said_too_large.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                plugin = %self.instance,
                "a session is too large to keep, and the request went on without; session_storage redis takes larger ones"
            );
        }
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("config", &self.config).finish_non_exhaustive()
    }
}

//! The introspection of a token: kept answer, call under way, or a new call.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use keybound_pop::time::UnixTime;
use parking_lot::Mutex;

use super::answer::{judge, read};
use super::cache::{AnswerCache, Kept, Verdict};
use super::rate::RateBound;
use super::request::compose;
use super::{IntrospectionSettings, RequestExtras};
use crate::fault::{Call, Cause, Fault, ProviderFault};
use crate::flight::{Flight, launch};
use crate::provider::Provider;
use crate::token::{TokenPolicy, VerifiedToken};

/// Most bytes of an introspection answer.
const LIMIT: usize = 64 * 1024;

/// Most calls under way. Requests that are given up leave theirs behind until it ends, so the number of requests is no
/// bound.
const MAX_FLIGHTS: usize = 4096;

/// Asks a provider about access tokens under one policy. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Introspector(Arc<Inner>);

struct Inner {
    provider: Arc<Provider>,
    settings: IntrospectionSettings,
    policy: TokenPolicy,
    cache: Option<AnswerCache>,
    rate: Option<RateBound>,
    flights: Mutex<HashMap<[u8; 32], Flight<Verdict>>>,
}

impl Introspector {
    /// An introspector; calls nobody yet. Of the policy, leeway, audience and `verify_claims` apply.
    #[must_use]
    pub fn new(provider: Arc<Provider>, settings: IntrospectionSettings, policy: TokenPolicy) -> Self {
        Self(Arc::new(Inner {
            cache: settings.cache.map(AnswerCache::new),
            rate: settings.max_rate.map(RateBound::new),
            flights: Mutex::default(),
            provider,
            settings,
            policy,
        }))
    }

    /// Whether a token is active and what it says; `hash` is its SHA-256.
    ///
    /// A kept answer that holds is used; else the answer of a call for the same token that is under way; else, as far
    /// as `max_rate` allows, the provider is called. When it fails, an older answer is used where `resurrect` allows
    /// it. Then, in order: `active`; the kind of token; `exp`, `nbf`, `iat` when there; `iss` when there; `cnf`; the
    /// audience when the policy has one. The binding is not checked.
    ///
    /// # Errors
    /// [`Fault::Token`] when the token is not acceptable, [`Fault::Provider`] when the provider cannot be asked or
    /// refuses us, [`Fault::TooMany`] beyond `max_rate`.
    pub async fn introspect(
        &self,
        token: &str,
        hash: &[u8; 32],
        extras: &RequestExtras,
    ) -> Result<Arc<VerifiedToken>, Fault> {
        let key = extras.key(hash);
        let older = match self.0.lookup(&key, self.0.provider.clock.now()) {
            Kept::Fresh(verdict) => return Ok(verdict?),
            Kept::Stale(token) => Some(token),
            Kept::Nothing => None,
        };
        let flight = match self.flight(key, token, extras)? {
            Departed::Landed(verdict) => return Ok(verdict?),
            Departed::Flying(flight) => flight,
        };
        match flight.await {
            Ok(verdict) => Ok(verdict?),
            Err(fault) => {
                tracing::warn!(code = fault.code(), fault = %fault, kept = older.is_some(), "introspection failed");
                older.ok_or(fault.into())
            }
        }
    }

    fn flight(&self, key: [u8; 32], token: &str, extras: &RequestExtras) -> Result<Departed, Fault> {
        let mut flights = self.0.flights.lock();
        let busy = flights.len() >= MAX_FLIGHTS;
        let vacant = match flights.entry(key) {
            Entry::Occupied(flight) => return Ok(Departed::Flying(flight.get().clone())),
            Entry::Vacant(vacant) => vacant,
        };
        let now = self.0.provider.clock.now();
        // A call may have ended between the first look at the cache and the lock.
        if let Kept::Fresh(verdict) = self.0.lookup(&key, now) {
            return Ok(Departed::Landed(verdict));
        }
        if busy {
            return Err(ProviderFault::new(Call::Introspection, Cause::Busy).into());
        }
        if let Some(rate) = &self.0.rate {
            rate.take(now).map_err(|retry_after| Fault::TooMany { retry_after })?;
        }
        let work = Arc::clone(&self.0).fly(key, token.to_owned(), extras.clone());
        let flight = launch(self.0.provider.http.runtime(), Call::Introspection, work);
        Ok(Departed::Flying(vacant.insert(flight).clone()))
    }
}

impl std::fmt::Debug for Introspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introspector").field("provider", &self.0.provider).finish_non_exhaustive()
    }
}

enum Departed {
    Flying(Flight<Verdict>),
    Landed(Verdict),
}

impl Inner {
    fn lookup(&self, key: &[u8; 32], now: UnixTime) -> Kept {
        self.cache.as_ref().map_or(Kept::Nothing, |cache| cache.lookup(key, now))
    }

    /// Calls, judges, keeps the verdict, and ends the flight: in this order, so that whoever finds no flight finds the
    /// verdict.
    async fn fly(
        self: Arc<Self>,
        key: [u8; 32],
        token: String,
        extras: RequestExtras,
    ) -> Result<Verdict, ProviderFault> {
        let landing = Landing { inner: &self, key };
        let (result, size) = match self.ask(&token, &extras).await {
            Ok((token, size)) => (Ok(token), size),
            Err(fault) => (Err(fault), 0),
        };
        let verdict = match result {
            Ok(token) => Ok(token),
            Err(Fault::Token(fault)) => Err(fault),
            Err(Fault::Provider(fault)) => return Err(fault),
            Err(Fault::TooMany { retry_after }) => {
                let cause = Cause::RateLimited { retry_after: Some(retry_after) };
                return Err(ProviderFault::new(Call::Introspection, cause));
            }
        };
        if let Some(cache) = &self.cache {
            cache.keep(key, &verdict, size, self.provider.clock.now());
        }
        drop(landing);
        Ok(verdict)
    }

    async fn ask(&self, token: &str, extras: &RequestExtras) -> Result<(Arc<VerifiedToken>, usize), Fault> {
        let provider = &self.provider;
        let url = provider.introspection_endpoint().await?;
        let metadata = match &self.settings.client {
            // Metadata that cannot be had leave the default method.
            Some(client) if client.asks_metadata() => provider.metadata().await.ok().flatten(),
            _ => None,
        };
        let request = compose(&self.settings, metadata.as_deref(), token, extras);
        let answer = provider.http.post_form(&url, &request.headers, request.form, LIMIT).await;
        let answer = answer.map_err(|cause| ProviderFault::new(Call::Introspection, cause))?;
        let now = provider.clock.now();
        let claims = read(&answer, now)?;
        let token = judge(claims, self.settings.check_active, &self.policy, provider, now).await?;
        Ok((token, answer.body.len()))
    }
}

/// Ends a flight, also when its work panics or its runtime stops.
struct Landing<'a> {
    inner: &'a Inner,
    key: [u8; 32],
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.inner.flights.lock().remove(&self.key);
    }
}

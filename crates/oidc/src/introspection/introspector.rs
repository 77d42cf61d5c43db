//! The introspection of a token: kept answer, call under way, or a new call.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use keybound_pop::time::UnixTime;
use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Map, Value};

use super::answer::{judge, read_json, require_answered};
use super::answer_jwt::Envelope;
use super::cache::{AnswerCache, Kept, Verdict};
use super::rate::RateBound;
use super::request::compose;
use super::shared::Entry as SharedEntry;
use super::{AnswerForm, IntrospectionSettings, RequestExtras};
use crate::client::{Authentication, ClientCredentials, Offered};
use crate::discovery::Metadata;
use crate::fault::{Call, Cause, Fault, ProviderFault};
use crate::flight::{Flight, launch};
use crate::http::HttpClient;
use crate::provider::Provider;
use crate::token::{TokenPolicy, VerifiedToken};
use crate::waits::landed;

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
        let kept = self.0.lookup(&key, self.0.provider.clock.now());
        if self.0.cache.is_some() {
            self.0.provider.http.calls().looked(matches!(kept, Kept::Fresh(_)));
        }
        let older = match kept {
            Kept::Fresh(verdict) => return Ok(verdict?),
            Kept::Stale(token) => Some(token),
            Kept::Nothing => None,
        };
        let flight = match self.flight(key, token, extras)? {
            Departed::Landed(verdict) => return Ok(verdict?),
            Departed::Flying(flight) => flight,
        };
        match landed(Call::Introspection, flight).await {
            Ok(verdict) => Ok(verdict?),
            Err(fault) => {
                tracing::warn!(code = fault.code(), fault = %fault, kept = older.is_some(), "introspection failed");
                older.ok_or(fault.into())
            }
        }
    }

    /// How many answers are kept, about.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.0.cache.as_ref().map_or(0, AnswerCache::len)
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
        if let Some(token) = self.learned(key).await {
            drop(landing);
            return Ok(Ok(token));
        }
        let asking = self.ask(&token, &extras);
        let asked = self.provider.http.calls().counted(Call::Introspection, asking).await;
        let size = asked.as_ref().map_or(0, |(_, size)| *size);
        let judged = match asked {
            Ok(((claims, signed), _)) => self.judge(claims, signed).await,
            Err(fault) => Err(fault),
        };
        let verdict = match judged {
            Ok(token) => Ok(token),
            Err(Fault::Token(fault)) => Err(fault),
            Err(Fault::Provider(fault)) => return Err(fault),
            Err(Fault::TooMany { retry_after }) => {
                let cause = Cause::RateLimited { retry_after: Some(retry_after) };
                return Err(ProviderFault::new(Call::Introspection, cause));
            }
        };
        if let Some(cache) = &self.cache {
            cache.keep(key, &verdict, size, self.provider.clock.now(), None);
            if let Ok(token) = &verdict {
                self.tell_others(key, token, cache).await;
            }
        }
        drop(landing);
        Ok(verdict)
    }

    /// What another node was told, while that holds.
    async fn learned(&self, key: [u8; 32]) -> Option<Arc<VerifiedToken>> {
        let (shared, cache) = (self.settings.shared.as_ref()?, self.cache.as_ref()?);
        let bytes = shared.get(key).await?;
        let now = self.provider.clock.now();
        let entry = SharedEntry::decode(&bytes, now)?;
        // Judged again: the entry says what the provider said, not what this policy makes of it. Only good news is shared.
        let token = self.judge(entry.claims, entry.signed.map(Arc::from)).await.ok()?;
        cache.keep(key, &Ok(Arc::clone(&token)), bytes.len(), now, Some(entry.fresh_until));
        Some(token)
    }

    async fn tell_others(&self, key: [u8; 32], token: &VerifiedToken, cache: &AnswerCache) {
        let Some(shared) = &self.settings.shared else { return };
        let now = self.provider.clock.now();
        let fresh = cache.freshness(token, now);
        let Some(lives) = u64::try_from(fresh).ok().filter(|seconds| *seconds > 0) else { return };
        let until = now.secs().saturating_add(fresh);
        let entry = SharedEntry::encode(&token.claims, token.signed_answer.as_deref(), until);
        shared.put(key, entry, Duration::from_secs(lives)).await;
    }

    async fn judge(
        &self,
        claims: Map<String, Value>,
        signed: Option<Arc<str>>,
    ) -> Result<Arc<VerifiedToken>, Fault> {
        let now = self.provider.clock.now();
        let mut token = judge(claims, self.settings.check_active, &self.policy, &self.provider, now).await?;
        token.signed_answer = signed;
        Ok(Arc::new(token))
    }

    /// Asks the provider; answers the claims, the text that was signed, if it was, and the size of the answer.
    async fn ask(&self, token: &str, extras: &RequestExtras) -> Result<(Told, usize), Fault> {
        let provider = &self.provider;
        let client = self.settings.clients.get(extras.client).or(self.settings.clients.first());
        let (authentication, url, http) = self.prepare(client).await?;
        let request = compose(&self.settings, authentication, token, extras);
        let accept = self.settings.form.media_type();
        let answer = http.post_form(&url, &request.headers, request.form, accept, LIMIT).await;
        let answer = answer.map_err(fault)?;
        let now = provider.clock.now();
        require_answered(&answer, now)?;
        let claims = match self.settings.form {
            AnswerForm::Json => (read_json(&answer).map_err(fault)?, None),
            AnswerForm::Jwt | AnswerForm::TokenIntrospectionJwt => {
                let envelope = Envelope {
                    client: client.map(ClientCredentials::id),
                    leeway: self.policy.leeway,
                    verify_signature: self.settings.verify_signature,
                    limit: LIMIT,
                };
                let claims = envelope.open(&answer, provider, now).await?;
                let text = std::str::from_utf8(&answer.body).ok();
                (claims, text.map(|text| Arc::from(text.trim())))
            }
        };
        Ok((claims, answer.body.len()))
    }

    /// What authenticates the client, where the call goes, and by which connections.
    async fn prepare(
        &self,
        client: Option<&ClientCredentials>,
    ) -> Result<(Authentication, Url, &HttpClient), ProviderFault> {
        let provider = &self.provider;
        let plain = &provider.http;
        let metadata = if self.policy.verify_parameters {
            provider.metadata().await?
        } else if client.is_some_and(ClientCredentials::asks_metadata) {
            // Metadata that cannot be had leave the default method.
            provider.metadata().await.ok().flatten()
        } else {
            None
        };
        let Some(client) = client else {
            self.agree(metadata.as_deref(), None)?;
            return Ok((Authentication::default(), provider.introspection_endpoint().await?, plain));
        };
        let offered = Offered::at_introspection(metadata.as_deref());
        let method = client.choose(offered);
        self.agree(metadata.as_deref(), Some(offered.admits(method)))?;
        let (url, http) = match &self.settings.mutual_tls {
            Some(mutual) if method.needs_certificate() => {
                (provider.mtls_introspection_endpoint(mutual.endpoint.as_ref()).await?, &mutual.http)
            }
            _ => (provider.introspection_endpoint().await?, plain),
        };
        let issuer = provider.issuer().await?;
        let authentication = client.authenticate(method, &issuer, provider.clock.now());
        Ok((authentication.map_err(|cause| ProviderFault::new(Call::Introspection, cause))?, url, http))
    }

    /// `verify_parameters`: what is configured is what the metadata say.
    fn agree(&self, metadata: Option<&Metadata>, offered: Option<bool>) -> Result<(), ProviderFault> {
        let Some(metadata) = metadata.filter(|_| self.policy.verify_parameters) else { return Ok(()) };
        self.provider.agree(Call::Introspection, metadata)?;
        match offered {
            Some(false) => Err(fault(Cause::Parameters("client_auth"))),
            _ => Ok(()),
        }
    }
}

/// Claims of an answer, and the answer as it came, when it was signed.
type Told = (Map<String, Value>, Option<Arc<str>>);

fn fault(cause: Cause) -> ProviderFault {
    ProviderFault::new(Call::Introspection, cause)
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

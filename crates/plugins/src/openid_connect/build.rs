//! From a configuration to a running instance, and what of it outlives the configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keybound_model::Record;
use keybound_oidc::{HttpClient, HttpSettings, Introspector, Provider, TokenCache, Verifier};
use keybound_pop::proof::{KeyCache, ProofHeader};
use keybound_pop::time::UnixTime;
use keybound_store::replay::ReplayStore;
use moka::sync::Cache;
use serde_json::Value;

use super::answer::Answerer;
use super::binding::Binder;
use super::certificate::CertificateSource;
use super::config::{Config, ProviderConfig, ReplayConfig, Transport};
use super::nonce::Nonces;
use super::replay::{Horizon, Replay};
use super::target::Targets;
use super::token::Tokens;
use super::{OpenIdConnect, SharedClock};
use crate::contract::Instance;
use crate::environment::Environment;

/// Bytes of verified tokens that are kept, over all instances.
const TOKEN_CACHE: u64 = 64 * 1024 * 1024;
/// Bytes of proof headers that are kept, over all instances.
const HEADER_CACHE: u64 = 32 * 1024 * 1024;

/// What all instances of the process share.
pub(crate) struct Shared {
    tokens: TokenCache,
    headers: Arc<Headers>,
    clients: Mutex<HashMap<Transport, HttpClient>>,
    providers: Mutex<HashMap<String, Weak<Provider>>>,
}

/// What one instance keeps when its configuration changes.
pub(crate) struct Builder {
    own_secret: [u8; 32],
    horizon: Horizon,
    replay: Option<(ReplayConfig, Arc<dyn ReplayStore>)>,
    tokens: Option<(String, Arc<Tokens>)>,
    /// Seconds for which a proof can be used.
    pub(crate) reach: i64,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            tokens: TokenCache::new(TOKEN_CACHE),
            headers: Arc::new(Headers::new(HEADER_CACHE)),
            clients: Mutex::default(),
            providers: Mutex::default(),
        }
    }

    /// The providers in use.
    pub(crate) fn providers(&self) -> Vec<Arc<Provider>> {
        let providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        providers.values().filter_map(Weak::upgrade).collect()
    }

    fn client(&self, transport: Transport, environment: &Environment) -> Result<HttpClient, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&transport) {
            return Ok(client.clone());
        }
        let settings = HttpSettings {
            roots: environment.roots.clone(),
            verify: transport.verify,
            timeout: transport.timeout,
            keepalive: transport.keepalive,
        };
        let client =
            HttpClient::new(&settings, environment.runtime.clone()).map_err(|fault| fault.to_string())?;
        clients.insert(transport, client.clone());
        Ok(client)
    }

    /// The provider of these settings: the same one for every instance that has them, so that metadata and keys are
    /// fetched once.
    fn provider(
        &self,
        key: String,
        config: &ProviderConfig,
        environment: &Environment,
    ) -> Result<Arc<Provider>, String> {
        let client = self.client(config.transport, environment)?;
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = providers.get(&key).and_then(Weak::upgrade) {
            return Ok(provider);
        }
        providers.retain(|_, provider| provider.strong_count() > 0);
        let provider = Provider::new(&config.settings, client, Arc::clone(&environment.clock))
            .map_err(|fault| fault.to_string())?;
        providers.insert(key, Arc::downgrade(&provider));
        Ok(provider)
    }
}

impl Builder {
    /// State for a new instance. `complete_from`: the second before which used proofs may be unknown.
    pub(crate) fn new(environment: &Environment, complete_from: Option<UnixTime>) -> Self {
        let horizon = complete_from.map(Horizon::after_start).unwrap_or_default();
        Self { own_secret: secret(environment), horizon, replay: None, tokens: None, reach: 0 }
    }

    /// The plugin of this instance, whose configuration is complete. Replay records, nonces and, while what decides about tokens stays the same,
    /// verified tokens carry over from the one before.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(crate) fn build(
        &mut self,
        instance: &Instance<'_>,
        shared: &Shared,
        environment: &Environment,
    ) -> Result<OpenIdConnect, String> {
        let record = instance.config;
        let config = Config::parse(record)?;
        let possession = config.possession.clone();
        self.extend(possession.proof.lifetime + possession.proof.leeway, environment);
        let store = self.store(possession.replay, environment);
        let binder = Binder {
            targets: Targets::new(possession.origins.clone()),
            nonces: Nonces::new(possession.nonce.clone(), &self.own_secret, Arc::clone(&environment.random))?,
            replay: Replay { mode: possession.replay.mode, store, horizon: self.horizon },
            headers: Arc::clone(&shared.headers) as Arc<dyn KeyCache>,
            certificates: CertificateSource::parse(record, instance.material, environment)?,
            possession,
        };
        Ok(OpenIdConnect {
            answerer: Answerer::new(
                config.answers.clone(),
                &config.possession.policy,
                config.possession.proof.algorithms,
            ),
            tokens: self.tokens(record, &config, shared, environment)?,
            binder,
            clock: SharedClock(Arc::clone(&environment.clock)),
            config,
        })
    }

    /// Proofs can be used for so many seconds from now on.
    fn extend(&mut self, reach: i64, environment: &Environment) {
        if self.replay.is_some() && reach > self.reach {
            self.horizon = self.horizon.longer_since(environment.clock.now().plus_secs(-self.reach));
        }
        self.reach = reach;
    }

    /// The memory of used proofs: the one there is, unless its bounds changed. A new one is empty, so that it counts as
    /// after a start, and the secret for nonces is a new one too.
    fn store(&mut self, config: ReplayConfig, environment: &Environment) -> Arc<dyn ReplayStore> {
        let bounds = |config: &ReplayConfig| (config.max_entries, config.max_entries_per_key);
        match &self.replay {
            Some((known, store)) if bounds(known) == bounds(&config) => Arc::clone(store),
            known => {
                if known.is_some() {
                    self.horizon = Horizon::after_start(environment.clock.now().next_whole_second());
                    self.own_secret = secret(environment);
                }
                let store = environment.replay.memory(config.max_entries, config.max_entries_per_key);
                self.replay = Some((config, Arc::clone(&store)));
                store
            }
        }
    }

    fn tokens(
        &mut self,
        record: &Record,
        config: &Config,
        shared: &Shared,
        environment: &Environment,
    ) -> Result<Arc<Tokens>, String> {
        let key = excerpt(record, &[&PROVIDER_FIELDS, &TOKEN_FIELDS]);
        if let Some((known, tokens)) = &self.tokens
            && *known == key
        {
            return Ok(Arc::clone(tokens));
        }
        let provider =
            shared.provider(excerpt(record, &[&PROVIDER_FIELDS]), &config.provider, environment)?;
        let ProviderConfig { policy, introspection, extras, .. } = config.provider.clone();
        let tokens = Arc::new(Tokens {
            verifier: Verifier::new(Arc::clone(&provider), policy.clone(), &shared.tokens),
            introspector: Introspector::new(provider, introspection, policy),
            methods: config.methods,
            domains: config.domains.clone(),
            extras,
        });
        self.tokens = Some((key, Arc::clone(&tokens)));
        Ok(tokens)
    }
}

fn secret(environment: &Environment) -> [u8; 32] {
    let mut secret = [0; 32];
    environment.random.fill(&mut secret);
    secret
}

/// The fields that decide where metadata and keys come from.
const PROVIDER_FIELDS: [&str; 13] = [
    "issuer",
    "using_pseudo_issuer",
    "issuers_allowed",
    "jwks_endpoint",
    "introspection_endpoint",
    "extra_jwks_uris",
    "discovery_headers_names",
    "discovery_headers_values",
    "cache_ttl",
    "rediscovery_lifetime",
    "ssl_verify",
    "timeout",
    "keepalive",
];

/// The fields that, beside those, decide whether a token is good and how long that is remembered.
const TOKEN_FIELDS: [&str; 35] = [
    "auth_methods",
    "introspect_jwt_tokens",
    "domains",
    "leeway",
    "access_token_algorithms",
    "access_token_types",
    "access_token_max_length",
    "audience_claim",
    "audience_required",
    "verify_claims",
    "verify_signature",
    "client_id",
    "client_secret",
    "client_auth",
    "introspection_endpoint_auth_method",
    "introspection_accept",
    "introspection_token_param_name",
    "introspection_hint",
    "introspection_headers_names",
    "introspection_headers_values",
    "introspection_headers_client",
    "introspection_post_args_names",
    "introspection_post_args_values",
    "introspection_post_args_client",
    "introspection_post_args_client_headers",
    "introspection_check_active",
    "introspection_max_rate",
    "cache_introspection",
    "cache_ttl_min",
    "cache_ttl_max",
    "cache_ttl_neg",
    "cache_ttl_resurrect",
    "enable_hs_signatures",
    "ignore_signature",
    "max_age",
];

/// The values of some fields, as text to compare.
fn excerpt(record: &Record, names: &[&[&str]]) -> String {
    let value = |name: &&str| record.get(*name).cloned().unwrap_or(Value::Null);
    let values: Vec<Value> = names.iter().flat_map(|names| names.iter()).map(value).collect();
    Value::Array(values).to_string()
}

/// Proof headers that were checked, by their text.
struct Headers(Cache<Arc<str>, Arc<ProofHeader>>);

impl Headers {
    fn new(bytes: u64) -> Self {
        // A parsed key takes about a kilobyte beside its text.
        let weight = |segment: &Arc<str>, _: &Arc<ProofHeader>| {
            u32::try_from(segment.len() + 1024).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(bytes).weigher(weight).build())
    }
}

impl KeyCache for Headers {
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
        self.0.get(segment)
    }

    fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
        self.0.insert(segment.into(), Arc::clone(header));
    }
}

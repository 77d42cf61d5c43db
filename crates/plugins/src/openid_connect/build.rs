//! From a configuration to a running instance, and what of it outlives the configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keybound_model::Record;
use keybound_oidc::{HttpClient, Introspector, OwnKeys, Provider, TokenCache, Verifier};
use keybound_pop::proof::KeyCache;
use keybound_pop::time::UnixTime;
use keybound_store::replay::{RedisReplaySettings, ReplayStore, Start};
use keybound_store::shared::SharedStore;
use serde_json::Value;
use uuid::Uuid;

use super::answer::Answerer;
use super::asking;
use super::binding::Binder;
use super::certificate::CertificateSource;
use super::client_choice::ClientChoice;
use super::config::redis::settings as redis_settings;
use super::config::{Config, Possession, ProviderConfig, ReplayConfig, ReplayMode, Transport};
use super::nonce::Nonces;
use super::proof_keys::ProofKeys;
use super::proof_work::{DearChecks, ProofWork};
use super::replay::{Horizon, Replay};
use super::report::Reporter;
use super::resource_metadata::ResourceMetadata;
use super::session::{Companion, Sessions};
use super::target::Targets;
use super::token::Tokens;
use super::{OpenIdConnect, SharedClock};
use crate::contract::Instance;
use crate::environment::Environment;
use crate::metrics::{Figures, MemoryFigures};

/// Bytes of verified tokens that are kept, over all instances.
const TOKEN_CACHE: u64 = 64 * 1024 * 1024;

/// What all instances of the process share.
pub(crate) struct Shared {
    tokens: TokenCache,
    keys: Arc<ProofKeys>,
    work: Arc<ProofWork>,
    clients: Mutex<HashMap<Transport, HttpClient>>,
    providers: Mutex<HashMap<String, Weak<Provider>>>,
    pub(crate) own_keys: Arc<OwnKeys>,
}

/// Where an instance remembers used proofs.
struct Memory {
    config: ReplayConfig,
    reach: i64,
    store: Arc<dyn ReplayStore>,
}

/// What one instance keeps when its configuration changes.
pub(crate) struct Builder {
    own_secret: [u8; 32],
    horizon: Horizon,
    replay: Option<Memory>,
    /// Whether used proofs of earlier processes may be unknown, and from which second on they are known.
    complete_from: Option<UnixTime>,
    tokens: Option<(String, Arc<Tokens>)>,
    /// Seconds for which a proof can be used.
    pub(crate) reach: i64,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            tokens: TokenCache::new(TOKEN_CACHE),
            keys: Arc::new(ProofKeys::new()),
            work: Arc::new(ProofWork::new(ProofWork::LIMIT)),
            clients: Mutex::default(),
            providers: Mutex::default(),
            own_keys: Arc::default(),
        }
    }

    /// Adds what is kept for all instances.
    pub(crate) fn figures(&self, figures: &mut Figures) {
        figures.tokens = self.tokens.figures();
        figures.proof_keys = self.keys.figures();
        figures.providers = self.providers().iter().map(|provider| provider.standing()).collect();
    }

    /// Bounds the dear signature checks that one source may cause, in checks with P-256 a second.
    pub(crate) fn limit_work(&mut self, limit: u32) {
        self.work = Arc::new(ProofWork::new(limit));
    }

    /// How many dear signature checks there were.
    pub(crate) fn dear_checks(&self) -> DearChecks {
        self.work.counts()
    }

    /// The providers in use.
    pub(crate) fn providers(&self) -> Vec<Arc<Provider>> {
        let providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        providers.values().filter_map(Weak::upgrade).collect()
    }

    fn client(&self, transport: &Transport, environment: &Environment) -> Result<HttpClient, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(transport) {
            return Ok(client.clone());
        }
        let client = asking::called(&asking::http(transport, environment), environment)?;
        clients.insert(transport.clone(), client.clone());
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
        let client = self.client(&config.transport, environment)?;
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
        Self { own_secret: secret(environment), horizon, replay: None, complete_from, tokens: None, reach: 0 }
    }

    /// Adds what this instance keeps for itself.
    pub(crate) fn figures(&self, id: Uuid, figures: &mut Figures) {
        if let Some((_, tokens)) = &self.tokens {
            figures.answers += tokens.introspector.kept();
        }
        let Some(store) = self.replay.as_ref().map(|memory| &memory.store) else { return };
        if let Some(most) = store.most() {
            figures.memories.push(MemoryFigures {
                plugin: id.to_string(),
                records: store.live(),
                most,
                bytes: store.bytes(),
            });
        }
    }

    /// The plugin of this instance, whose configuration is complete. Replay records, nonces and, while what decides about
    /// tokens stays the same, verified tokens carry over from the one before.
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
        let store = self.store(instance.id, &possession, environment);
        // All nodes of one store, and later processes, seal alike.
        let root = &environment.root;
        let nonce_secret = if root.is_shared() {
            root.derive("dpop nonce", instance.id.as_bytes())
        } else {
            self.own_secret
        };
        let nonces = Nonces::new(
            possession.nonce.clone(),
            &nonce_secret,
            root.is_shared(),
            Arc::clone(&environment.random),
        )?;
        let judged_by = excerpt(record, &[&PROVIDER_FIELDS, &TOKEN_FIELDS]);
        let sessions = Sessions::new(
            instance,
            &judged_by,
            &config.provider.policy,
            &possession.policy,
            environment,
            || redis(record, environment),
        )?;
        let binder = Binder {
            targets: Targets::new(possession.origins.clone()),
            nonces,
            replay: Replay {
                mode: possession.replay.mode,
                store,
                // A Redis knows itself what it may have lost.
                horizon: if possession.replay.redis.is_some() { Horizon::default() } else { self.horizon },
                fail_open: possession.replay.fail_open,
                is_shared: possession.replay.redis.is_some(),
                metrics: Arc::clone(&environment.metrics),
            },
            keys: Arc::clone(&shared.keys) as Arc<dyn KeyCache>,
            work: Arc::clone(&shared.work),
            certificates: CertificateSource::parse(record, instance.material, environment)?,
            metrics: Arc::clone(&environment.metrics),
            possession,
        };
        let tokens = self.tokens(instance, &config, shared, environment)?;
        let metadata = config.resource.clone();
        Ok(OpenIdConnect {
            answerer: Answerer::new(config.answers.clone(), &config.possession, config.step_up.clone()),
            reporter: Reporter::new(Arc::clone(&environment.metrics)),
            metadata: metadata.map(|config| ResourceMetadata::new(config, Arc::clone(&tokens.provider))),
            tokens,
            binder,
            clock: SharedClock(Arc::clone(&environment.clock)),
            sessions,
            companion: Companion::parse(record)?,
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

    /// The memory of used proofs: the one there is, unless its place or its bounds changed. A new one in the process is empty,
    /// so that it counts as after a start, and the secret for nonces is a new one too.
    fn store(
        &mut self,
        id: Uuid,
        possession: &Possession,
        environment: &Environment,
    ) -> Arc<dyn ReplayStore> {
        let config = possession.replay.clone();
        let place = |config: &ReplayConfig| (config.max_entries_per_key, config.redis.clone());
        let reach = self.reach;
        // What was used while nothing was remembered is unknown.
        let remembers = |config: &ReplayConfig| config.mode != ReplayMode::Off;
        if let Some(known) = &mut self.replay
            && place(&known.config) == place(&config)
            && (remembers(&known.config) || !remembers(&config))
            && match config.redis {
                Some(_) => known.reach == reach,
                None => known.config.max_entries == config.max_entries,
            }
        {
            known.config = config;
            return Arc::clone(&known.store);
        }
        let now = environment.clock.now().next_whole_second();
        let store = if let Some(redis) = &config.redis {
            let start = match (&self.replay, self.complete_from) {
                (Some(known), _) if known.config.redis == config.redis && remembers(&known.config) => {
                    Start::Running
                }
                (Some(_), _) => Start::Moved(now.secs()),
                (None, Some(from)) => Start::Boot(from.secs()),
                (None, None) => Start::New,
            };
            let settings = RedisReplaySettings {
                instance: *id.as_bytes(),
                max_entries_per_key: config.max_entries_per_key,
                reach,
                leeway: possession.proof.leeway,
                start,
            };
            environment.replay.redis(redis, settings)
        } else {
            if self.replay.is_some() {
                self.horizon = Horizon::after_start(now);
                self.own_secret = secret(environment);
            }
            environment.replay.memory(config.max_entries, config.max_entries_per_key)
        };
        self.replay = Some(Memory { config, reach, store: Arc::clone(&store) });
        store
    }

    fn tokens(
        &mut self,
        instance: &Instance<'_>,
        config: &Config,
        shared: &Shared,
        environment: &Environment,
    ) -> Result<Arc<Tokens>, String> {
        let record = instance.config;
        let identity = asking::identity(instance, config)?;
        let key = format!(
            "{} {:?}",
            excerpt(record, &[&PROVIDER_FIELDS, &TOKEN_FIELDS]),
            identity.as_ref().map(|(pem, _)| pem)
        );
        if let Some((known, tokens)) = &self.tokens
            && *known == key
        {
            return Ok(Arc::clone(tokens));
        }
        let provider =
            shared.provider(excerpt(record, &[&PROVIDER_FIELDS]), &config.provider, environment)?;
        let ProviderConfig { policy, extras, clients, .. } = config.provider.clone();
        let identity = identity.map(|(_, identity)| identity);
        let mut introspection = asking::introspection(config, identity, &shared.own_keys, environment)?;
        let asked = excerpt(record, &[&PROVIDER_FIELDS, &TOKEN_FIELDS]);
        introspection.shared = asking::cluster_cache(config, &asked, environment)?;
        let tokens = Arc::new(Tokens {
            provider: Arc::clone(&provider),
            verifier: Verifier::new(Arc::clone(&provider), policy.clone(), &shared.tokens),
            introspector: Introspector::new(provider, introspection, policy),
            methods: config.methods,
            domains: config.domains.clone(),
            extras,
            clients: ClientChoice::new(clients.ids(), &clients.arg),
        });
        self.tokens = Some((key, Arc::clone(&tokens)));
        Ok(tokens)
    }
}

/// The Redis of `config.redis`.
fn redis(record: &Record, environment: &Environment) -> Result<Arc<dyn SharedStore>, String> {
    let fields = record.get("redis").and_then(Value::as_object).ok_or("redis: required field missing")?;
    let settings = redis_settings(fields).map_err(|fault| format!("redis.{fault}"))?;
    Ok(environment.shared.redis(&settings))
}

fn secret(environment: &Environment) -> [u8; 32] {
    let mut secret = [0; 32];
    environment.random.fill(&mut secret);
    secret
}

/// The fields that decide where metadata and keys come from.
const PROVIDER_FIELDS: [&str; 19] = [
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
    "http_version",
    "http_proxy",
    "http_proxy_authorization",
    "https_proxy",
    "https_proxy_authorization",
    "no_proxy",
];

/// The fields that, beside those, decide whether a token is good and how long that is remembered.
const TOKEN_FIELDS: [&str; 45] = [
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
    "client_alg",
    "client_arg",
    "client_jwk",
    "tls_client_auth_cert_id",
    "tls_client_auth_ssl_verify",
    "mtls_introspection_endpoint",
    "verify_parameters",
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
    "cluster_cache_strategy",
    "cluster_cache_items",
    "cluster_cache_redis",
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

//! The configuration, parsed once when the plugin is built.

pub(in crate::openid_connect) mod clients;
mod fields;
pub(crate) mod origin;
mod provider;
pub(super) mod redis;

use http::HeaderName;
use keybound_model::Record;
use keybound_oidc::Requirement;
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::binding::{self, Leftover, Mode};
use keybound_pop::proof;
use keybound_store::redis::RedisSettings;
use serde_json::Value;

use self::fields::Fields;
use self::origin::PublicOrigin;
pub(crate) use self::provider::{ExtraNames, ProviderConfig, Transport};
use super::authorize::{Requirements, Scopes};
use super::certificate::HeaderNames;
use super::credential::Places;
use super::rewrite::{Forward, TokenField};

/// The configuration of one instance.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) methods: Methods,
    pub(super) places: Places,
    /// Let CORS preflight requests pass without a token.
    pub(super) skip_preflight: bool,
    pub(super) forward: Forward,
    /// Values that `hd` may have; empty: any, or none.
    pub(super) domains: Vec<String>,
    pub(super) requirements: Requirements,
    pub(super) answers: Answers,
    pub(super) possession: Possession,
    pub(super) provider: ProviderConfig,
}

/// How tokens are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Methods {
    /// JWT access tokens, here.
    pub(super) bearer: bool,
    /// Tokens that are not JWTs, at the provider.
    pub(super) introspection: bool,
    /// JWT access tokens at the provider too.
    pub(super) introspect_jwt: bool,
}

/// What refusals say.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) realm: String,
    pub(super) expose_error_code: bool,
    pub(super) display_errors: bool,
    pub(super) unauthorized_message: String,
    pub(super) forbidden_message: String,
}

/// What is demanded of keys and proofs.
#[derive(Debug, Clone)]
pub(super) struct Possession {
    pub(super) policy: binding::Policy,
    pub(super) report_only: bool,
    pub(super) proof: proof::Policy,
    pub(super) origins: Vec<PublicOrigin>,
    pub(super) nonce: NonceConfig,
    pub(super) replay: ReplayConfig,
}

/// Nonces.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NonceConfig {
    pub(super) required: bool,
    /// Newest first; empty: made at the start.
    pub(super) secrets: Vec<String>,
    /// Age in seconds from which a nonce is renewed.
    pub(super) rotation: i64,
    pub(super) bind_key: bool,
    pub(super) bind_route: bool,
}

impl std::fmt::Debug for NonceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NonceConfig").field("required", &self.required).finish_non_exhaustive()
    }
}

/// What a repeated proof means, and where and how many are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplayConfig {
    pub(super) mode: ReplayMode,
    pub(super) max_entries: u64,
    pub(super) max_entries_per_key: u64,
    /// The Redis that remembers; `None`: the memory of the process.
    pub(super) redis: Option<RedisSettings>,
    /// Whether a proof passes while that cannot be reached.
    pub(super) fail_open: bool,
}

/// What a repeated proof means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplayMode {
    /// A refusal.
    Enforce,
    /// A line in the log and a count.
    Report,
    /// Nothing: proofs are not remembered.
    Off,
}

impl Config {
    /// Reads a configuration that passed the schema.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(record: &Record) -> Result<Self, String> {
        let fields = Fields(record);
        let places = places(fields)?;
        Ok(Self {
            methods: Methods {
                bearer: fields.has("auth_methods", "bearer"),
                introspection: fields.has("auth_methods", "introspection"),
                introspect_jwt: fields.flag("introspect_jwt_tokens"),
            },
            skip_preflight: !fields.flag("run_on_preflight"),
            forward: Forward::new(fields.flag("hide_credentials"), token_field(fields)?, &places)
                .without(HeaderNames::parse(record)?.iter().flat_map(HeaderNames::all)),
            places,
            domains: fields.strings("domains"),
            requirements: requirements(fields),
            answers: answers(fields),
            possession: possession(fields)?,
            provider: ProviderConfig::parse(fields)?,
        })
    }
}

fn places(fields: Fields<'_>) -> Result<Places, String> {
    let named = |place| fields.has("bearer_token_param_type", place);
    Ok(Places {
        header: named("header"),
        query: named("query"),
        body: named("body"),
        cookie: fields.text("bearer_token_cookie_name").filter(|_| named("cookie")).map(str::to_owned),
        field: fields
            .text("bearer_token_header_name")
            .map(|name| header_name("bearer_token_header_name", name))
            .transpose()?,
        max_length: fields.size("access_token_max_length").unwrap_or(16_384),
    })
}

fn token_field(fields: Fields<'_>) -> Result<Option<TokenField>, String> {
    let Some(text) = fields.text("upstream_access_token_header") else { return Ok(None) };
    let (name, bearer) = text.split_once(':').map_or((text, false), |(name, _)| (name, true));
    Ok(Some(TokenField { name: header_name("upstream_access_token_header", name)?, bearer }))
}

fn header_name(field: &str, name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{field}: bad header name"))
}

fn requirements(fields: Fields<'_>) -> Requirements {
    let required = |claim: &str, required: &str| {
        let entries = fields.strings(required);
        (!entries.is_empty()).then(|| (fields.strings(claim), entries))
    };
    let words = |claim: &str, name: &str| {
        required(claim, name).map(|(path, entries)| Requirement::on_words(path, &entries))
    };
    Requirements {
        forbidden: fields.strings("claims_forbidden"),
        scopes: required("scopes_claim", "scopes_required").map(|(path, entries)| Scopes::new(path, entries)),
        groups: words("groups_claim", "groups_required"),
        roles: words("roles_claim", "roles_required"),
    }
}

fn answers(fields: Fields<'_>) -> Answers {
    let text = |name: &str| fields.text(name).unwrap_or_default().to_owned();
    Answers {
        realm: text("realm"),
        expose_error_code: fields.flag("expose_error_code"),
        display_errors: fields.flag("display_errors"),
        unauthorized_message: text("unauthorized_error_message"),
        forbidden_message: text("forbidden_error_message"),
    }
}

fn possession(fields: Fields<'_>) -> Result<Possession, String> {
    let lifetime = fields.signed("dpop_proof_lifetime").unwrap_or(300);
    let leeway = fields.signed("dpop_proof_leeway").max(fields.signed("leeway")).unwrap_or(0);
    let leftover =
        |name| if fields.text(name) == Some("refuse") { Leftover::Refuse } else { Leftover::Accept };
    let origins: Result<Vec<_>, _> = fields.list("dpop_public_origins").map(origin::parse).collect();
    Ok(Possession {
        policy: binding::Policy {
            dpop: mode(fields.text("proof_of_possession_dpop")),
            mtls: mode(fields.text("proof_of_possession_mtls")),
            bound_tokens: leftover("proof_of_possession_bound_tokens"),
            unbound_tokens: leftover("proof_of_possession_unbound_tokens"),
        },
        report_only: fields.flag("proof_of_possession_report_only"),
        proof: proof::Policy {
            algorithms: algorithms(fields, "dpop_signing_algorithms").unwrap_or(AlgorithmSet::ALL),
            lifetime,
            leeway,
            max_length: fields.size("dpop_proof_max_length").unwrap_or(8192),
        },
        origins: origins.map_err(|fault| format!("dpop_public_origins: {fault}"))?,
        nonce: NonceConfig {
            required: fields.flag("dpop_use_nonce"),
            secrets: fields.strings("dpop_nonce_secrets"),
            rotation: fields.signed("dpop_nonce_rotation").unwrap_or(lifetime / 2),
            bind_key: fields.has("dpop_nonce_binding", "key"),
            bind_route: fields.has("dpop_nonce_binding", "route"),
        },
        replay: ReplayConfig {
            mode: match fields.text("dpop_replay_protection") {
                Some("off") => ReplayMode::Off,
                Some("report") => ReplayMode::Report,
                _ => ReplayMode::Enforce,
            },
            max_entries: fields.whole("dpop_replay_max_entries").unwrap_or(4_000_000),
            max_entries_per_key: fields.whole("dpop_replay_max_entries_per_key").unwrap_or(1_000_000),
            redis: (fields.text("dpop_replay_strategy") == Some("redis"))
                .then(|| redis_settings(fields.0))
                .transpose()?,
            fail_open: fields.text("dpop_replay_fail_mode") == Some("open"),
        },
    })
}

fn redis_settings(record: &Record) -> Result<RedisSettings, String> {
    let redis = record.get("redis").and_then(Value::as_object).ok_or("redis: required field missing")?;
    redis::settings(redis).map_err(|fault| format!("redis.{fault}"))
}

fn mode(text: Option<&str>) -> Mode {
    match text {
        Some("strict") => Mode::Strict,
        Some("optional") => Mode::Optional,
        _ => Mode::Off,
    }
}

/// The algorithms that a field names; `None` when it is null.
fn algorithms(fields: Fields<'_>, name: &str) -> Option<AlgorithmSet> {
    let set: AlgorithmSet = fields.list(name).filter_map(Algorithm::from_name).collect();
    (!set.is_empty()).then_some(set)
}

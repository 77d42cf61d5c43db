//! What the provider's part of the configuration means for `keybound-oidc`.

use std::time::Duration;

use http::HeaderName;
use keybound_oidc::{
    AnswerForm, CacheTimes, IntrospectionSettings, ProviderSettings, Proxies, Proxy, Requirement,
    TokenPolicy, TokenTypes,
};
use keybound_pop::algorithm::AlgorithmSet;
use keybound_store::redis::RedisSettings;
use serde_json::Value;

use super::clients::{Clients, shared_secrets};
use super::fields::Fields;
use super::redis;

/// Everything that decides whether a token is good.
#[derive(Debug, Clone)]
pub(crate) struct ProviderConfig {
    pub(crate) settings: ProviderSettings,
    pub(crate) transport: Transport,
    pub(crate) policy: TokenPolicy,
    pub(crate) introspection: IntrospectionSettings,
    pub(crate) extras: ExtraNames,
    /// Who asks; still without what is not in the configuration.
    pub(crate) clients: Clients,
    /// The Redis of the cache that nodes share (`cluster_cache_strategy`).
    pub(crate) cluster: Option<RedisSettings>,
}

/// How the provider is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Transport {
    pub(crate) verify: bool,
    pub(crate) timeout: Duration,
    pub(crate) keepalive: bool,
    pub(crate) proxies: Proxies,
    pub(crate) http_1_0: bool,
}

/// What of the client's request is sent along with an introspection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ExtraNames {
    /// Header fields, as header fields.
    pub(crate) headers: Vec<HeaderName>,
    /// Header fields, as form parameters.
    pub(crate) headers_as_args: Vec<HeaderName>,
    /// Body parameters, as form parameters.
    pub(crate) args: Vec<String>,
}

impl ProviderConfig {
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(fields: Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            settings: settings(fields)?,
            transport: Transport {
                verify: fields.flag("ssl_verify"),
                timeout: fields.milliseconds("timeout").unwrap_or(Duration::from_secs(10)),
                keepalive: fields.flag("keepalive"),
                proxies: proxies(fields),
                http_1_0: fields.number("http_version").is_some_and(|version| version < 1.05),
            },
            policy: policy(fields)?,
            introspection: introspection(fields)?,
            extras: ExtraNames {
                headers: fields.header_names("introspection_headers_client")?,
                headers_as_args: fields.header_names("introspection_post_args_client_headers")?,
                args: fields.strings("introspection_post_args_client"),
            },
            clients: Clients::parse(fields)?,
            cluster: cluster(fields)?,
        })
    }
}

/// The Redis of the shared cache, where answers go into one at all.
fn cluster(fields: Fields<'_>) -> Result<Option<RedisSettings>, String> {
    let shares = fields.text("cluster_cache_strategy") == Some("redis")
        && fields.has("cluster_cache_items", "introspection")
        && fields.flag("cache_introspection");
    if !shares {
        return Ok(None);
    }
    let record = fields.0.get("cluster_cache_redis").and_then(Value::as_object);
    let record = record.ok_or("cluster_cache_redis: required by cluster_cache_strategy")?;
    redis::settings(record).map(Some).map_err(|fault| format!("cluster_cache_redis: {fault}"))
}

fn proxies(fields: Fields<'_>) -> Proxies {
    let text = |name: &str| fields.text(name).map(str::to_owned);
    let proxy =
        |url: &str, authorization: &str| Some(Proxy { url: text(url)?, authorization: text(authorization) });
    Proxies {
        http: proxy("http_proxy", "http_proxy_authorization"),
        https: proxy("https_proxy", "https_proxy_authorization"),
        none_for: text("no_proxy"),
    }
}

fn settings(fields: Fields<'_>) -> Result<ProviderSettings, String> {
    let text = |name: &str| fields.text(name).map(str::to_owned);
    let defaults = ProviderSettings::new(fields.text("issuer").unwrap_or_default());
    Ok(ProviderSettings {
        using_pseudo_issuer: fields.flag("using_pseudo_issuer"),
        issuers_allowed: fields.strings("issuers_allowed"),
        jwks_endpoint: text("jwks_endpoint"),
        introspection_endpoint: text("introspection_endpoint"),
        extra_jwks_uris: fields.strings("extra_jwks_uris"),
        discovery_headers: fields.headers("discovery_headers_names", "discovery_headers_values")?,
        cache_ttl: fields.duration("cache_ttl").unwrap_or(defaults.cache_ttl),
        rediscovery_lifetime: fields
            .duration("rediscovery_lifetime")
            .unwrap_or(defaults.rediscovery_lifetime),
        ..defaults
    })
}

fn policy(fields: Fields<'_>) -> Result<TokenPolicy, String> {
    let types = fields.strings("access_token_types");
    let types = if types.is_empty() {
        TokenTypes::default()
    } else {
        TokenTypes::only(types.iter().map(String::as_str)).map_err(|fault| fault.to_string())?
    };
    let audience = fields.strings("audience_required");
    let audience =
        (!audience.is_empty()).then(|| Requirement::on_values(fields.strings("audience_claim"), &audience));
    Ok(TokenPolicy {
        leeway: fields.whole("leeway").unwrap_or(0),
        algorithms: super::algorithms(fields, "access_token_algorithms").unwrap_or(AlgorithmSet::ALL),
        types,
        audience,
        verify_claims: fields.flag("verify_claims"),
        verify_signature: fields.flag("verify_signature"),
        verify_parameters: fields.flag("verify_parameters"),
        secrets: shared_secrets(fields)?,
        max_length: fields.size("access_token_max_length").unwrap_or(TokenPolicy::default().max_length),
    })
}

fn introspection(fields: Fields<'_>) -> Result<IntrospectionSettings, String> {
    let defaults = IntrospectionSettings::default();
    let times = CacheTimes {
        ttl: fields.duration("cache_ttl").unwrap_or(CacheTimes::default().ttl),
        min: fields.duration("cache_ttl_min"),
        max: fields.duration("cache_ttl_max"),
        negative: fields.duration("cache_ttl_neg"),
        resurrect: fields.duration("cache_ttl_resurrect"),
        ..CacheTimes::default()
    };
    Ok(IntrospectionSettings {
        form: fields
            .text("introspection_accept")
            .and_then(AnswerForm::from_media_type)
            .unwrap_or(AnswerForm::Json),
        verify_signature: !fields.has("ignore_signature", "introspection"),
        token_param_name: fields
            .text("introspection_token_param_name")
            .map_or(defaults.token_param_name, str::to_owned),
        hint: fields.text("introspection_hint").map(str::to_owned),
        headers: fields.headers("introspection_headers_names", "introspection_headers_values")?,
        post_args: fields.pairs("introspection_post_args_names", "introspection_post_args_values"),
        check_active: fields.flag("introspection_check_active"),
        cache: fields.flag("cache_introspection").then_some(times),
        max_rate: fields.number("introspection_max_rate"),
        ..defaults
    })
}

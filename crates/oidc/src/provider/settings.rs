//! What the configuration says about a provider.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

/// A provider as configured. The fields bear the names of the `openid-connect` plugin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The issuer identifier, or the URL of its metadata.
    pub issuer: String,
    /// No metadata are fetched: `issuer` is only what tokens name, endpoints and keys are given below.
    pub using_pseudo_issuer: bool,
    /// Further values of `iss` that are accepted (see [`Provider`](crate::Provider) for whose keys verify them).
    pub issuers_allowed: Vec<String>,
    /// The key set's URL, instead of the metadata's `jwks_uri`.
    pub jwks_endpoint: Option<String>,
    /// The introspection endpoint, instead of the metadata's.
    pub introspection_endpoint: Option<String>,
    /// URLs of further key sets.
    pub extra_jwks_uris: Vec<String>,
    /// Header fields of metadata requests (`discovery_headers_names` and `_values`).
    pub discovery_headers: Vec<(HeaderName, HeaderValue)>,
    /// Age in whole seconds from which metadata and key sets are renewed in the background.
    pub cache_ttl: Duration,
    /// Least distance in whole seconds between two renewals for the sake of unknown keys, and between two for the
    /// sake of signatures that fail. 0: whenever needed.
    pub rediscovery_lifetime: Duration,
}

impl ProviderSettings {
    /// The settings for an issuer with the plugin's defaults: metadata for an hour, a renewal every 30 seconds.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            using_pseudo_issuer: false,
            issuers_allowed: vec![],
            jwks_endpoint: None,
            introspection_endpoint: None,
            extra_jwks_uris: vec![],
            discovery_headers: vec![],
            cache_ttl: Duration::from_secs(3600),
            rediscovery_lifetime: Duration::from_secs(30),
        }
    }
}

/// A setting that cannot be used; names the plugin's field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsFault {
    /// No http or https URL, or one with user name, password, query (an issuer) or fragment.
    #[error("{0}: not a usable http or https URL")]
    Url(&'static str),
    /// A `typ` that access tokens never have.
    #[error("access_token_types: not a type of access tokens")]
    TokenType,
    /// A client without the secret that its authentication method needs.
    #[error("client_secret: missing for the client's authentication method")]
    ClientSecret,
    /// A secret that is shorter than what its algorithm's hash gives (RFC 7518 §3.2); says how many bytes it needs.
    #[error("client_secret: must have at least {0} bytes for its algorithm (RFC 7518 §3.2)")]
    ShortSecret(usize),
    /// A client without the certificate that its authentication method needs.
    #[error("tls_client_auth_cert_id: missing for the client's authentication method")]
    ClientCertificate,
    /// A client without a private key.
    #[error("client_jwk: missing for the client's authentication method")]
    ClientKey,
    /// An algorithm that is unknown, does not fit the method, or is not the key's.
    #[error("client_alg: does not fit the client's authentication method or its key")]
    ClientAlgorithm,
    /// A private key that cannot sign; says why.
    #[error("client_jwk: {0}")]
    ClientJwk(String),
    /// A symmetric key where a private one belongs.
    #[error(
        "client_jwk: a symmetric key cannot sign for private_key_jwt; client_secret_jwt signs with client_secret"
    )]
    SymmetricKey,
}

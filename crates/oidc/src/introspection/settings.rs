//! What the configuration says about introspection.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::SharedAnswers;
use crate::client::ClientCredentials;
use crate::http::HttpClient;

/// Introspection as configured. Comments name the `openid-connect` plugin's fields.
#[derive(Debug, Clone)]
pub struct IntrospectionSettings {
    /// Who may ask; a request chooses one of them by [`RequestExtras::client`](super::RequestExtras), the first by default.
    /// Without any, no client is named at all.
    pub clients: Vec<ClientCredentials>,
    /// How those of them call who authenticate with a certificate.
    pub mutual_tls: Option<MutualTls>,
    /// The form of answer (`introspection_accept`).
    pub form: AnswerForm,
    /// Whether the signature of a signed answer is checked (`ignore_signature` without `introspection`).
    pub verify_signature: bool,
    /// Answers that nodes share (`cluster_cache_strategy`), beside `cache`.
    pub shared: Option<Arc<dyn SharedAnswers>>,
    /// The form field for the token (`introspection_token_param_name`).
    pub token_param_name: String,
    /// The value of `token_type_hint` (`introspection_hint`); `None` sends none.
    pub hint: Option<String>,
    /// Fixed header fields (`introspection_headers_names`, `_values`). They replace fields of the same name, the
    /// client's authentication too.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Fixed form fields (`introspection_post_args_names`, `_values`). They replace fields of the same name, except the
    /// token.
    pub post_args: Vec<(String, String)>,
    /// Whether `active` must be the JSON `true` (`introspection_check_active`).
    pub check_active: bool,
    /// How long answers are kept; `None` keeps none (`cache_introspection: false`).
    pub cache: Option<CacheTimes>,
    /// Calls a second (`introspection_max_rate`); `None` is no bound.
    pub max_rate: Option<f64>,
}

impl Default for IntrospectionSettings {
    /// The plugin's defaults, without a client.
    fn default() -> Self {
        Self {
            clients: vec![],
            mutual_tls: None,
            form: AnswerForm::Json,
            verify_signature: true,
            shared: None,
            token_param_name: "token".to_owned(),
            hint: Some("access_token".to_owned()),
            headers: vec![],
            post_args: vec![],
            check_active: true,
            cache: Some(CacheTimes::default()),
            max_rate: None,
        }
    }
}

/// How a client calls that authenticates with a certificate.
#[derive(Debug, Clone)]
pub struct MutualTls {
    /// The client for those calls, which shows the certificate.
    pub http: HttpClient,
    /// The endpoint for them, in place of the metadata's alias (`mtls_introspection_endpoint`).
    pub endpoint: Option<reqwest::Url>,
}

/// The form of an introspection answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// JSON, as it is (RFC 7662 §2.2).
    Json,
    /// A signed JWT (RFC 9701 §5), asked for as `application/jwt`.
    Jwt,
    /// A signed JWT (RFC 9701 §5), asked for as `application/token-introspection+jwt`.
    TokenIntrospectionJwt,
}

impl AnswerForm {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Jwt => "application/jwt",
            Self::TokenIntrospectionJwt => "application/token-introspection+jwt",
        }
    }

    /// The form of that media type.
    #[must_use]
    pub fn from_media_type(name: &str) -> Option<Self> {
        [Self::Json, Self::Jwt, Self::TokenIntrospectionJwt]
            .into_iter()
            .find(|form| form.media_type() == name)
    }
}

/// How long introspection answers are kept, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheTimes {
    /// For answers without `exp` (`cache_ttl`).
    pub ttl: Duration,
    /// At least so long, where `exp` allows it (`cache_ttl_min`).
    pub min: Option<Duration>,
    /// At most so long (`cache_ttl_max`).
    pub max: Option<Duration>,
    /// For tokens that are refused (`cache_ttl_neg`). `None` keeps them for 5 seconds: a burst with one worthless
    /// token is one call.
    pub negative: Option<Duration>,
    /// How long after its time an answer still holds while the provider fails, never beyond `exp`
    /// (`cache_ttl_resurrect`); `None` is not at all.
    pub resurrect: Option<Duration>,
    /// Most bytes of kept answers.
    pub max_bytes: u64,
}

impl Default for CacheTimes {
    /// An hour without `exp`, no other bounds, 16 MiB.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(3600),
            min: None,
            max: None,
            negative: None,
            resurrect: None,
            max_bytes: 16 * 1024 * 1024,
        }
    }
}

//! The fields of sessions, parsed once when the plugin is built.

use keybound_model::Record;
use serde::Deserialize;

use super::companion::Companion;
use super::cookie::{Attributes, MAX_COOKIES, MAX_COOKIES_OF_TWO};
use super::facts::Telling;
use super::record::Method;
use super::shelf::Names;
use super::terms::Bind;
use super::timeouts::Timeouts;

/// The sessions of one instance.
#[derive(Debug, Clone)]
pub(super) struct SessionConfig {
    pub(super) secret: Option<Secret>,
    pub(super) audience: String,
    pub(super) cookie: String,
    /// The cookie for sessions that outlast the browser, when there are such.
    pub(super) remember: Option<String>,
    pub(super) attributes: Attributes,
    pub(super) timeouts: Timeouts,
    pub(super) bind: Bind,
    pub(super) same_subject: bool,
    pub(super) reverify: bool,
    pub(super) hide: bool,
    /// How sessions are called where `session_storage` is `redis`.
    pub(super) redis: Option<Names>,
    /// The methods after which a session starts.
    pub(super) after_bearer: bool,
    pub(super) after_introspection: bool,
    pub(super) destroy_unauthorized: bool,
    pub(super) destroy_forbidden: bool,
    pub(super) telling: Telling,
}

/// `session_secret`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The fields as they stand in a configuration that passed its schema.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    auth_methods: Vec<String>,
    disable_session: Option<Vec<String>>,
    #[serde(default)]
    hide_credentials: bool,
    #[serde(default)]
    reverify: bool,
    session_secret: Option<String>,
    session_audience: Option<String>,
    session_bind: Option<Vec<String>>,
    #[serde(default)]
    session_enforce_same_subject: bool,
    session_cookie_name: Option<String>,
    session_cookie_path: Option<String>,
    session_cookie_domain: Option<String>,
    session_cookie_same_site: Option<String>,
    session_cookie_http_only: Option<bool>,
    session_cookie_secure: Option<bool>,
    session_idling_timeout: Option<f64>,
    session_rolling_timeout: Option<f64>,
    session_absolute_timeout: Option<f64>,
    #[serde(default)]
    session_remember: bool,
    session_remember_cookie_name: Option<String>,
    session_remember_rolling_timeout: Option<f64>,
    session_remember_absolute_timeout: Option<f64>,
    session_request_headers: Option<Vec<String>>,
    session_response_headers: Option<Vec<String>>,
    upstream_session_id_header: Option<String>,
    downstream_session_id_header: Option<String>,
    session_storage: Option<String>,
    #[serde(default)]
    session_store_metadata: bool,
    #[serde(default)]
    session_hash_storage_key: bool,
    #[serde(default)]
    session_hash_subject: bool,
    #[serde(default)]
    unauthorized_destroy_session: bool,
    #[serde(default)]
    forbidden_destroy_session: bool,
    redis: Option<Redis>,
    jwt_session_claim: Option<String>,
    jwt_session_cookie: Option<String>,
}

#[derive(Deserialize)]
struct Redis {
    prefix: Option<String>,
}

impl SessionConfig {
    /// The sessions that a configuration asks for; `None` when `session` is none of its methods.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(record: &Record) -> Result<Option<Self>, String> {
        let fields: Fields = crate::typed::read(record)?;
        if !fields.auth_methods.iter().any(|method| method == "session") {
            return Ok(None);
        }
        let starts = |method: &str| {
            let disabled = fields.disable_session.iter().flatten().any(|other| other == method);
            !disabled && fields.auth_methods.iter().any(|other| other == method)
        };
        let binds = |what: &str| fields.session_bind.iter().flatten().any(|other| other == what);
        let list = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        Ok(Some(Self {
            after_bearer: starts("bearer"),
            after_introspection: starts("introspection"),
            bind: Bind { ip: binds("ip"), scheme: binds("scheme"), user_agent: binds("user-agent") },
            telling: Telling::new(
                &list(&fields.session_request_headers),
                &list(&fields.session_response_headers),
                fields.upstream_session_id_header.as_deref(),
                fields.downstream_session_id_header.as_deref(),
            )?,
            attributes: Attributes {
                path: fields.session_cookie_path.unwrap_or_else(|| "/".to_owned()),
                domain: fields.session_cookie_domain,
                same_site: same_site(fields.session_cookie_same_site.as_deref()),
                http_only: fields.session_cookie_http_only.unwrap_or(true),
                secure: fields.session_cookie_secure,
                most: if fields.session_remember { MAX_COOKIES_OF_TWO } else { MAX_COOKIES },
            },
            timeouts: Timeouts {
                idling: seconds(fields.session_idling_timeout, 900),
                rolling: seconds(fields.session_rolling_timeout, 3600),
                absolute: seconds(fields.session_absolute_timeout, 86_400),
                remember_rolling: seconds(fields.session_remember_rolling_timeout, 604_800),
                remember_absolute: seconds(fields.session_remember_absolute_timeout, 2_592_000),
            },
            redis: (fields.session_storage.as_deref() == Some("redis")).then(|| Names {
                prefix: fields.redis.and_then(|redis| redis.prefix),
                hash_key: fields.session_hash_storage_key,
                metadata: fields.session_store_metadata.then_some(fields.session_hash_subject),
            }),
            remember: fields
                .session_remember
                .then(|| fields.session_remember_cookie_name.unwrap_or_else(|| "remember".to_owned())),
            secret: fields.session_secret.map(Secret),
            audience: fields.session_audience.unwrap_or_else(|| "default".to_owned()),
            cookie: fields.session_cookie_name.unwrap_or_else(|| "session".to_owned()),
            same_subject: fields.session_enforce_same_subject,
            reverify: fields.reverify,
            hide: fields.hide_credentials,
            destroy_unauthorized: fields.unauthorized_destroy_session,
            destroy_forbidden: fields.forbidden_destroy_session,
        }))
    }

    /// Whether a session may start, and go on, after this method.
    pub(super) fn follows(&self, method: Method) -> bool {
        match method {
            Method::Bearer => self.after_bearer,
            Method::Introspection => self.after_introspection,
        }
    }
}

impl Companion {
    /// What `jwt_session_cookie` demands, if anything.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(in crate::openid_connect) fn parse(record: &Record) -> Result<Option<Self>, String> {
        let fields: Fields = crate::typed::read(record)?;
        Ok(fields.jwt_session_cookie.map(|cookie| Self {
            cookie,
            claim: fields.jwt_session_claim.unwrap_or_else(|| "sid".to_owned()),
        }))
    }
}

/// Whole seconds: a fraction counts as one more, so that no timeout becomes 0, which means none.
fn seconds(value: Option<f64>, default: i64) -> i64 {
    // The schema refuses negative numbers; the cast saturates.
    #[allow(clippy::cast_possible_truncation)]
    value.map_or(default, |value| value.ceil() as i64)
}

fn same_site(name: Option<&str>) -> Option<&'static str> {
    match name {
        Some("Strict") => Some("Strict"),
        Some("None") => Some("None"),
        Some("Default") => None,
        _ => Some("Lax"),
    }
}

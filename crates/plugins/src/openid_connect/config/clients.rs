//! The clients of the provider: `client_id` and the fields that go with it.

use keybound_model::Record;
use keybound_oidc::{
    AuthMethod, ClientCredentials, ClientSettings, HmacAlgorithm, SettingsFault, SharedSecrets, Url,
};
use serde_json::Value;
use uuid::Uuid;

use super::fields::Fields;

/// The clients, and how those of them call who authenticate with a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    settings: Vec<ClientSettings>,
    /// The name of the parameter by which a request chooses one (`client_arg`).
    pub(crate) arg: String,
    /// `tls_client_auth_cert_id`.
    pub(crate) certificate: Option<Uuid>,
    /// `tls_client_auth_ssl_verify`.
    pub(crate) mtls_verify: bool,
    /// `mtls_introspection_endpoint`.
    pub(crate) mtls_endpoint: Option<Url>,
}

impl Clients {
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(fields: Fields<'_>) -> Result<Self, String> {
        let certificate = fields.text("tls_client_auth_cert_id");
        let certificate = certificate
            .map(|id| id.parse().map_err(|_| "tls_client_auth_cert_id: expected a valid UUID".to_owned()))
            .transpose()?;
        let endpoint = fields.text("mtls_introspection_endpoint");
        let mtls_endpoint = endpoint
            .map(|text| Url::parse(text).map_err(|_| "mtls_introspection_endpoint: invalid url".to_owned()))
            .transpose()?;
        if mtls_endpoint.as_ref().is_some_and(|url| url.scheme() != "https") {
            return Err(
                "mtls_introspection_endpoint: must be https, or nobody sees the certificate".to_owned()
            );
        }
        Ok(Self {
            settings: settings(fields, certificate.is_some())?,
            arg: fields.text("client_arg").unwrap_or("client_id").to_owned(),
            certificate,
            mtls_verify: fields.flag("tls_client_auth_ssl_verify"),
            mtls_endpoint,
        })
    }

    /// The clients, each with all that it needs; `complete` adds what is not in the configuration.
    ///
    /// # Errors
    /// The field and the place in it.
    pub(crate) fn credentials(
        &self,
        complete: impl Fn(&mut ClientSettings),
    ) -> Result<Vec<ClientCredentials>, String> {
        let each = self.settings.iter().enumerate().map(|(index, settings)| {
            let mut settings = settings.clone();
            complete(&mut settings);
            ClientCredentials::of(settings).map_err(|fault| placed(index, &fault))
        });
        each.collect()
    }

    /// Their ids, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.settings.iter().map(|settings| settings.id.clone()).collect()
    }
}

/// The secrets that may verify tokens; `None` without `enable_hs_signatures`.
///
/// # Errors
/// None of the secrets is long enough for any algorithm.
pub(super) fn shared_secrets(fields: Fields<'_>) -> Result<Option<SharedSecrets>, String> {
    if !fields.flag("enable_hs_signatures") {
        return Ok(None);
    }
    let secrets = fields.strings("client_secret");
    let least = HmacAlgorithm::Hs256.least_secret();
    if secrets.iter().all(|secret| secret.len() < least) {
        return Err(format!(
            "enable_hs_signatures: needs a client_secret of at least {least} bytes (RFC 7518 §3.2)"
        ));
    }
    Ok(Some(SharedSecrets::new(secrets)))
}

/// Checks the clients of a configuration as far as it goes before references are resolved.
///
/// # Errors
/// The field, and what is wrong with it.
pub(in crate::openid_connect) fn check(record: &Record) -> Result<(), (&'static str, String)> {
    const FIELDS: [&str; 6] = [
        "client_secret",
        "client_jwk",
        "client_alg",
        "tls_client_auth_cert_id",
        "mtls_introspection_endpoint",
        "enable_hs_signatures",
    ];
    let fields = Fields(record);
    let referring = ["client_id", "client_secret", "client_jwk"].iter().filter_map(|name| record.get(*name));
    if referring.into_iter().any(refers) {
        return Ok(());
    }
    let own = std::sync::Arc::<keybound_oidc::OwnKeys>::default();
    let checked = Clients::parse(fields)
        .and_then(|clients| clients.credentials(|settings| settings.own_keys = Some(own.clone())).map(drop))
        .and_then(|()| shared_secrets(fields).map(drop));
    checked.map_err(|text| {
        let (name, cause) = text.split_once(": ").unwrap_or(("client_id", &text));
        let field = FIELDS.into_iter().find(|field| *field == name);
        (field.unwrap_or("client_id"), cause.to_owned())
    })
}

fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => keybound_model::vault::is_reference(text),
        Value::Array(values) => values.iter().any(refers),
        Value::Object(members) => members.values().any(refers),
        _ => false,
    }
}

/// One client for each id; a list that is shorter goes on with its first element, as in Kong.
fn settings(fields: Fields<'_>, has_certificate: bool) -> Result<Vec<ClientSettings>, String> {
    let (secrets, algorithms) = (fields.strings("client_secret"), fields.strings("client_alg"));
    let (methods, keys) = (fields.strings("client_auth"), fields.records("client_jwk"));
    let endpoint = fields.text("introspection_endpoint_auth_method");
    fields
        .strings("client_id")
        .into_iter()
        .enumerate()
        .map(|(index, id)| {
            let method = match endpoint.or(at(&methods, index).map(String::as_str)) {
                None => None,
                Some(name) => Some(
                    AuthMethod::from_name(name).ok_or_else(|| format!("client_auth: bad method '{name}'"))?,
                ),
            };
            // An element without a key type keeps the place of a client that has no key.
            let jwk = at(&keys, index).filter(|jwk| jwk.get("kty").is_some_and(Value::is_string));
            Ok(ClientSettings {
                id,
                secret: at(&secrets, index).cloned(),
                method,
                algorithm: at(&algorithms, index).cloned(),
                jwk: jwk.map(|jwk| (*jwk).clone()),
                own_keys: None,
                has_certificate,
            })
        })
        .collect()
}

fn at<T>(list: &[T], index: usize) -> Option<&T> {
    list.get(index).or(list.first())
}

/// Names the element where there are several clients.
fn placed(index: usize, fault: &SettingsFault) -> String {
    let text = fault.to_string();
    match text.split_once(": ") {
        Some((field, cause)) if index > 0 => format!("{field}: client {}: {cause}", index + 1),
        _ => text,
    }
}

//! The settings by which plugins judge a client's certificate: `mtls-auth`, and `openid-connect` for one from a header.

use std::time::Duration;

use keybound_model::Record;
use keybound_oidc::{
    Authorities, CertificateVerifier, HttpClient, HttpSettings, RevocationMode, RevocationSettings,
};
use serde_json::Value;
use uuid::Uuid;

use crate::contract::Material;
use crate::environment::Environment;
use crate::identity::{flag, list, text};

/// The longest time that anything is remembered or waited for.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Who may have issued a client's certificate, and how it is found out whether it was revoked.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) verifier: CertificateVerifier,
    /// The ids of the authorities, in the order of the verifier's.
    pub(crate) authorities: Vec<Uuid>,
}

impl Trust {
    /// Reads `ca_certificates`, `allow_partial_chain`, `revocation_check_mode`, `cert_cache_ttl`, `http_timeout` and
    /// `ssl_verify`.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(crate) fn parse(
        config: &Record,
        material: &Material,
        environment: &Environment,
    ) -> Result<Self, String> {
        let mut authorities = Vec::new();
        let mut pems = Vec::new();
        for id in list(config, "ca_certificates") {
            let id: Uuid = id.parse().map_err(|_| format!("ca_certificates: '{id}' is no id"))?;
            let authority = material.authority(id);
            let authority =
                authority.ok_or_else(|| format!("ca_certificates: there is no CA certificate {id}"))?;
            authorities.push(id);
            pems.push(authority.cert.as_str());
        }
        let known =
            Authorities::new(pems, flag(config, "allow_partial_chain")).map_err(|(place, fault)| {
                let id = authorities.get(place).copied().unwrap_or_default();
                format!("ca_certificates: CA certificate {id} {fault}")
            })?;
        let mode = match text(config, "revocation_check_mode") {
            Some("SKIP") => RevocationMode::Skip,
            Some("STRICT") => RevocationMode::Strict,
            _ => RevocationMode::IgnoreCaError,
        };
        let timeout = milliseconds(config, "http_timeout").unwrap_or(Duration::from_secs(30));
        let keep = milliseconds(config, "cert_cache_ttl").unwrap_or(Duration::from_secs(60));
        let client = (mode != RevocationMode::Skip).then(|| {
            let settings = HttpSettings {
                // Without the field: verified.
                verify: config.get("ssl_verify").and_then(Value::as_bool).unwrap_or(true),
                timeout,
                ..HttpSettings::new(environment.roots.clone())
            };
            HttpClient::new(&settings, environment.runtime.clone()).map_err(|fault| fault.to_string())
        });
        let settings = RevocationSettings { mode, timeout, keep };
        Ok(Self { verifier: CertificateVerifier::new(known, &settings, client.transpose()?), authorities })
    }
}

fn milliseconds(config: &Record, name: &str) -> Option<Duration> {
    let number = config.get(name).and_then(Value::as_f64)?;
    // A float turned into an integer stays within its bounds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(Duration::from_millis(number as u64).min(LONGEST))
}

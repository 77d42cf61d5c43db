use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::or_empty;

/// How the targets of an upstream are watched: by probes, and by what comes of requests. An interval or a count of 0 switches
/// off what it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Healthchecks {
    /// Probes.
    pub active: ActiveChecks,
    /// What comes of requests.
    pub passive: PassiveChecks,
    /// The share of healthy weight, in hundredths of a percent, below which the upstream takes no requests.
    #[serde(deserialize_with = "hundredths")]
    pub threshold: u32,
}

/// Probes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ActiveChecks {
    /// What a probe speaks.
    #[serde(rename = "type", deserialize_with = "or_empty")]
    pub kind: CheckKind,
    /// The time until a probe has failed.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Duration,
    /// Probes at the same time.
    #[serde(deserialize_with = "or_empty")]
    pub concurrency: u32,
    /// The path of a probe.
    #[serde(deserialize_with = "or_empty")]
    pub http_path: String,
    /// The server name of a probe over TLS; `None`: the target's.
    pub https_sni: Option<String>,
    /// Whether a probe over TLS verifies the certificate.
    #[serde(deserialize_with = "or_empty")]
    pub https_verify_certificate: bool,
    /// Headers of a probe.
    #[serde(deserialize_with = "or_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// What makes a target healthy.
    pub healthy: ActiveHealthy,
    /// What makes a target unhealthy.
    pub unhealthy: ActiveUnhealthy,
}

/// What of probes makes a target healthy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ActiveHealthy {
    /// The time between probes of a healthy target.
    #[serde(deserialize_with = "seconds")]
    pub interval: Duration,
    /// The statuses of a success.
    #[serde(deserialize_with = "or_empty")]
    pub http_statuses: Vec<u16>,
    /// So many successes.
    #[serde(deserialize_with = "or_empty")]
    pub successes: u8,
}

/// What of probes makes a target unhealthy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ActiveUnhealthy {
    /// The time between probes of an unhealthy target.
    #[serde(deserialize_with = "seconds")]
    pub interval: Duration,
    /// The statuses of a failure.
    #[serde(deserialize_with = "or_empty")]
    pub http_statuses: Vec<u16>,
    /// So many connections that failed.
    #[serde(deserialize_with = "or_empty")]
    pub tcp_failures: u8,
    /// So many timeouts.
    #[serde(deserialize_with = "or_empty")]
    pub timeouts: u8,
    /// So many failing answers.
    #[serde(deserialize_with = "or_empty")]
    pub http_failures: u8,
}

/// What comes of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PassiveChecks {
    /// What counts: with [`CheckKind::Tcp`] only connections, else statuses too.
    #[serde(rename = "type", deserialize_with = "or_empty")]
    pub kind: CheckKind,
    /// What is good.
    pub healthy: PassiveHealthy,
    /// What makes a target unhealthy.
    pub unhealthy: PassiveUnhealthy,
}

/// What of requests is good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PassiveHealthy {
    /// The statuses of a success.
    #[serde(deserialize_with = "or_empty")]
    pub http_statuses: Vec<u16>,
    /// Accepted; a target that is unhealthy gets no requests that could succeed.
    #[serde(deserialize_with = "or_empty")]
    pub successes: u8,
}

/// What of requests makes a target unhealthy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PassiveUnhealthy {
    /// The statuses of a failure.
    #[serde(deserialize_with = "or_empty")]
    pub http_statuses: Vec<u16>,
    /// So many connections that failed.
    #[serde(deserialize_with = "or_empty")]
    pub tcp_failures: u8,
    /// So many timeouts.
    #[serde(deserialize_with = "or_empty")]
    pub timeouts: u8,
    /// So many failing answers.
    #[serde(deserialize_with = "or_empty")]
    pub http_failures: u8,
}

/// What a probe speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Nothing: to connect is enough.
    Tcp,
    /// HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
    /// gRPC's health service.
    Grpc,
    /// gRPC's health service over TLS.
    Grpcs,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?.unwrap_or_default();
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

// Percent come with decimals, and floating point has no equality.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 100")]
fn hundredths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let percent = Option::<f64>::deserialize(deserializer)?.unwrap_or_default();
    Ok((percent.clamp(0.0, 100.0) * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seconds_and_percent_have_decimals_and_what_is_null_is_off() {
        let read: Healthchecks = serde_json::from_value(json!({
            "threshold": 33.335,
            "active": { "type": "grpcs", "headers": null, "http_path": null, "healthy": { "interval": 0.25 } },
            "passive": { "type": null, "unhealthy": { "timeouts": 255, "http_statuses": null } },
        }))
        .unwrap();
        assert_eq!(read.threshold, 3334);
        assert_eq!(
            (read.active.kind, read.active.healthy.interval),
            (CheckKind::Grpcs, Duration::from_millis(250))
        );
        assert_eq!((read.passive.kind, read.passive.unhealthy.timeouts), (CheckKind::Http, 255));
        assert!(serde_json::from_value::<Healthchecks>(json!({ "active": { "timeout": -1 } })).is_err());
    }
}

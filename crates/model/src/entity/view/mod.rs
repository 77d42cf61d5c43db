//! Typed views of validated records, as the data plane reads them.

mod balancing;
mod consumers;
mod healthchecks;
mod oic_jwks;
mod tls;
mod vaults;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

pub use balancing::{Algorithm, HashOn, Target, Upstream};
pub use consumers::{
    AclGroup, BasicAuthCredential, Consumer, ConsumerGroup, ConsumerGroupMember, HmacAuthCredential,
    JwtSecret, KeyAuthCredential, MtlsAuthCredential,
};
pub use healthchecks::{
    ActiveChecks, ActiveHealthy, ActiveUnhealthy, CheckKind, Healthchecks, PassiveChecks, PassiveHealthy,
    PassiveUnhealthy,
};
pub use oic_jwks::OicJwks;
pub use tls::{CaCertificate, Certificate, Sni};
pub use vaults::Vault;

use crate::Record;

/// A record that is not what its entity demands; it did not come from validation.
#[derive(Debug, thiserror::Error)]
#[error("stored {entity} '{id}' cannot be read: {cause}")]
pub struct ViewFault {
    entity: &'static str,
    id: String,
    cause: serde_json::Error,
}

/// What is spoken: by clients to a route, by Keybound to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// gRPC over HTTP/2 in the clear.
    Grpc,
    /// gRPC over HTTP/2 and TLS.
    Grpcs,
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// A stream of bytes. Streams are not proxied.
    Tcp,
    /// A stream of bytes over TLS, which ends here.
    Tls,
    /// A stream of bytes over TLS, which ends at the service.
    TlsPassthrough,
    /// Datagrams.
    Udp,
}

impl Protocol {
    /// Whether TLS ends here.
    #[must_use]
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs | Self::Tls)
    }

    /// Whether it is gRPC.
    #[must_use]
    pub fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Grpcs)
    }

    /// Whether requests are HTTP, gRPC included.
    #[must_use]
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::Grpc | Self::Grpcs)
    }
}

/// How the path for the upstream is put together; Kong's default router knows only `v0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathHandling {
    /// The rule in use.
    #[default]
    V0,
    /// Accepted, without effect.
    V1,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Service {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Option<String>,
    /// How the upstream is spoken to.
    pub protocol: Protocol,
    /// The upstream's name or address, without a port.
    pub host: String,
    /// The upstream's port.
    pub port: u16,
    /// A path put before the path of each request.
    pub path: Option<String>,
    /// How often a request is tried again.
    pub retries: u32,
    /// The time to connect.
    #[serde(deserialize_with = "milliseconds")]
    pub connect_timeout: Duration,
    /// The time between two writes.
    #[serde(deserialize_with = "milliseconds")]
    pub write_timeout: Duration,
    /// The time between two reads.
    #[serde(deserialize_with = "milliseconds")]
    pub read_timeout: Duration,
    /// The certificate that Keybound shows to the upstream.
    #[serde(deserialize_with = "reference")]
    pub client_certificate: Option<Uuid>,
    /// Whether the upstream's certificate is verified; `None` leaves it to the global setting.
    pub tls_verify: Option<bool>,
    /// How many authorities may stand between the upstream's certificate and a trusted one; `None`: the global setting.
    pub tls_verify_depth: Option<u32>,
    /// The authorities that the upstream's certificate is checked against, in place of the global ones.
    pub ca_certificates: Option<Vec<Uuid>>,
    /// Whether its routes are used.
    pub enabled: bool,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub tags: Vec<String>,
}

/// Which requests go to a service. An empty list of a match field means that the field does not take part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Route {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Option<String>,
    /// What clients must speak.
    pub protocols: Vec<Protocol>,
    /// The answer to plain HTTP on a route for HTTPS only: 426, 301, 302, 307 or 308.
    pub https_redirect_status_code: u16,
    /// Whether the matched part is cut off the path.
    pub strip_path: bool,
    /// Whether the upstream sees the client's `Host`.
    pub preserve_host: bool,
    /// Accepted for compatibility.
    pub request_buffering: bool,
    /// Accepted for compatibility.
    pub response_buffering: bool,
    /// The service; without one, only a plugin can answer.
    #[serde(deserialize_with = "reference")]
    pub service: Option<Uuid>,
    /// Methods that match.
    #[serde(default, deserialize_with = "or_empty")]
    pub methods: Vec<String>,
    /// Hosts that match.
    #[serde(default, deserialize_with = "or_empty")]
    pub hosts: Vec<String>,
    /// Paths that match: `/…` is a prefix, `~/…` a regular expression.
    #[serde(default, deserialize_with = "or_empty")]
    pub paths: Vec<String>,
    /// Headers that match, by name.
    #[serde(default, deserialize_with = "or_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// Server names of the TLS handshake that match.
    #[serde(default, deserialize_with = "or_empty")]
    pub snis: Vec<String>,
    /// Which of several matching regular expressions wins: the higher.
    #[serde(default)]
    pub regex_priority: i64,
    /// How the path for the upstream is put together.
    #[serde(default)]
    pub path_handling: PathHandling,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub tags: Vec<String>,
    /// The time of creation, in seconds.
    pub created_at: i64,
    /// The condition, in the router flavour `expressions`.
    #[serde(default)]
    pub expression: Option<String>,
    /// Which of several matching expressions wins: the higher.
    #[serde(default)]
    pub priority: Option<u64>,
}

/// One configured plugin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PluginInstance {
    /// Its id.
    pub id: Uuid,
    /// Which plugin.
    pub name: String,
    /// The name of this instance.
    pub instance_name: Option<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// Protocols for which it runs, by Kong's names.
    pub protocols: Vec<String>,
    /// Only requests of this service.
    #[serde(deserialize_with = "reference")]
    pub service: Option<Uuid>,
    /// Only requests of this route.
    #[serde(deserialize_with = "reference")]
    pub route: Option<Uuid>,
    /// Only requests of this consumer.
    #[serde(deserialize_with = "reference")]
    pub consumer: Option<Uuid>,
    /// Only requests of the consumers of this group.
    #[serde(default, deserialize_with = "reference")]
    pub consumer_group: Option<Uuid>,
    /// The plugin's own fields, complete.
    pub config: Record,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub tags: Vec<String>,
    /// The time of creation, in seconds.
    pub created_at: i64,
}

/// A typed view of the records of one kind.
pub(super) trait View: for<'de> Deserialize<'de> {
    /// The singular name of the kind, for messages.
    const NAME: &'static str;

    /// The view of a validated record.
    ///
    /// # Errors
    /// A record that is not what its entity demands.
    fn of(record: &Record) -> Result<Self, ViewFault> {
        let id = || record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::deserialize(record).map_err(|cause| ViewFault { entity: Self::NAME, id: id(), cause })
    }
}

impl View for Service {
    const NAME: &'static str = "service";
}

impl View for Route {
    const NAME: &'static str = "route";
}

impl View for PluginInstance {
    const NAME: &'static str = "plugin";
}

impl TryFrom<&Record> for Service {
    type Error = ViewFault;

    fn try_from(record: &Record) -> Result<Self, ViewFault> {
        Self::of(record)
    }
}

impl TryFrom<&Record> for Route {
    type Error = ViewFault;

    fn try_from(record: &Record) -> Result<Self, ViewFault> {
        Self::of(record)
    }
}

impl TryFrom<&Record> for PluginInstance {
    type Error = ViewFault;

    fn try_from(record: &Record) -> Result<Self, ViewFault> {
        Self::of(record)
    }
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    #[derive(Deserialize)]
    struct Key {
        id: Uuid,
    }
    Option::<Key>::deserialize(deserializer).map(|key| key.map(|key| key.id))
}

/// A reference that must be there.
fn parent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    reference(deserializer)?.ok_or_else(|| serde::de::Error::custom("a reference is missing"))
}

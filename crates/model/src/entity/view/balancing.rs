//! Several targets behind one name.

use serde::Deserialize;
use uuid::Uuid;

use super::{Healthchecks, View, or_empty, parent, reference};

/// A name that stands for several targets; a service whose host it is is balanced over them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Upstream {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How a target is chosen.
    pub algorithm: Algorithm,
    /// What `consistent-hashing` hashes.
    pub hash_on: HashOn,
    /// What it hashes where the first is absent.
    pub hash_fallback: HashOn,
    /// The header of `hash_on`.
    pub hash_on_header: Option<String>,
    /// The header of `hash_fallback`.
    pub hash_fallback_header: Option<String>,
    /// The cookie, which is set where it is absent.
    pub hash_on_cookie: Option<String>,
    /// The path of that cookie.
    pub hash_on_cookie_path: Option<String>,
    /// The argument of the query for `hash_on`.
    pub hash_on_query_arg: Option<String>,
    /// The argument of the query for `hash_fallback`.
    pub hash_fallback_query_arg: Option<String>,
    /// The capture of the route's pattern for `hash_on`.
    pub hash_on_uri_capture: Option<String>,
    /// The capture of the route's pattern for `hash_fallback`.
    pub hash_fallback_uri_capture: Option<String>,
    /// How many slots the ring has.
    pub slots: u32,
    /// How its targets are watched.
    #[serde(default)]
    pub healthchecks: Healthchecks,
    /// Whether `Host` is the name in an SRV record.
    #[serde(default, deserialize_with = "or_empty")]
    pub use_srv_name: bool,
    /// `Host` for the targets, in place of the target's own name.
    pub host_header: Option<String>,
    /// The certificate that Keybound shows to the targets, where the service names none.
    #[serde(deserialize_with = "reference")]
    pub client_certificate: Option<Uuid>,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub tags: Vec<String>,
}

/// How a target is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// In turn, by weight.
    RoundRobin,
    /// The same target for the same client.
    ConsistentHashing,
    /// The one with the fewest requests in flight.
    LeastConnections,
    /// The one that answered fastest of late.
    Latency,
}

/// What `consistent-hashing` hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashOn {
    /// Nothing.
    None,
    /// The consumer.
    Consumer,
    /// The client's address.
    Ip,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The path.
    Path,
    /// An argument of the query.
    QueryArg,
    /// A capture of the route's pattern.
    UriCapture,
}

/// One of the targets of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub upstream: Uuid,
    /// Host and port: `10.0.0.1:8080`, `[::1]:80`, `a.test:8000`.
    pub target: String,
    /// Its share; 0 for no traffic.
    pub weight: u32,
}

impl View for Upstream {
    const NAME: &'static str = "upstream";
}

impl View for Target {
    const NAME: &'static str = "target";
}

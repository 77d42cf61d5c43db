use std::collections::BTreeMap;

use uuid::Uuid;

/// What the balancers know of the targets of upstreams.
pub trait Balancers: Send + Sync {
    /// How the targets of an upstream are; `None` when nobody checks them.
    fn health(&self, upstream: Uuid) -> Option<UpstreamHealth> {
        let _ = upstream;
        None
    }

    /// Takes a target, or one of its addresses (`ip:port`), for healthy or not, as if a check had found it so. Where nobody
    /// checks, it makes no difference.
    ///
    /// # Errors
    /// Why that cannot be done, for the client.
    fn mark(&self, upstream: Uuid, target: &str, address: Option<&str>, healthy: bool) -> Result<(), String> {
        let _ = (upstream, target, address, healthy);
        Ok(())
    }
}

/// How an upstream is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamHealth {
    /// The upstream as a whole.
    pub health: Health,
    /// Its targets, by `host:port` as they are stored.
    pub targets: BTreeMap<String, TargetHealth>,
}

/// How a target is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetHealth {
    /// The target as a whole.
    pub health: Health,
    /// The addresses that its name stands for.
    pub addresses: Vec<AddressHealth>,
}

/// How one address of a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressHealth {
    /// The address.
    pub ip: String,
    /// The port.
    pub port: u16,
    /// How it is.
    pub health: Health,
    /// Its share.
    pub weight: u32,
}

/// How something that could be checked is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Health {
    /// Nobody checks.
    #[default]
    Off,
    /// It takes requests.
    Healthy,
    /// It takes none.
    Unhealthy,
    /// Its name could not be resolved.
    DnsError,
}

impl Health {
    /// As Kong writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "HEALTHCHECKS_OFF",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
            Self::DnsError => "DNS_ERROR",
        }
    }
}

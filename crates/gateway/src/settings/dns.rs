use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How the names of services and targets are resolved. The defaults are Kong's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSettings {
    /// The servers that are asked (`dns_resolver`). Default: none, which means those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    /// The file of names that need no server (`dns_hostsfile`). Default: `/etc/hosts`.
    pub hosts_file: PathBuf,
    /// What a name is asked for (`dns_order`). Default: what it had the last time, then SRV, then A.
    pub order: DnsOrder,
    /// How long an answer counts, whatever its records say (`dns_valid_ttl`). Default: what they say.
    pub valid_ttl: Option<Duration>,
    /// How long an answer may be used beyond its time while a new one is fetched or cannot be had (`dns_stale_ttl`).
    /// Default: an hour.
    pub stale_ttl: Duration,
    /// How long it is remembered that there is no such name (`dns_not_found_ttl`). Default: 30 seconds.
    pub not_found_ttl: Duration,
    /// How long it is remembered that no server gave an answer (`dns_error_ttl`). Default: 1 second.
    pub error_ttl: Duration,
    /// Names whose answers are remembered (`dns_cache_size`). Default: 10000.
    pub cache_size: usize,
}

/// What a name is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsOrder {
    /// One after the other, until one has records.
    InTurn(Vec<DnsRecord>),
    /// Addresses of these versions together; before them SRV, for names that begin with an underscore.
    Together {
        /// Addresses of version 4.
        a: bool,
        /// Addresses of version 6.
        aaaa: bool,
        /// SRV.
        srv: bool,
    },
}

/// What a name may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecord {
    /// What had records the last time.
    Last,
    /// Names with ports, weights and priorities.
    Srv,
    /// Addresses of version 4.
    A,
    /// Addresses of version 6.
    Aaaa,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            hosts_file: PathBuf::from("/etc/hosts"),
            order: DnsOrder::default(),
            valid_ttl: None,
            stale_ttl: Duration::from_secs(3600),
            not_found_ttl: Duration::from_secs(30),
            error_ttl: Duration::from_secs(1),
            cache_size: 10_000,
        }
    }
}

impl Default for DnsOrder {
    fn default() -> Self {
        Self::InTurn(vec![DnsRecord::Last, DnsRecord::Srv, DnsRecord::A])
    }
}

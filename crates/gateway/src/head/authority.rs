use keybound_plugins::fault::RequestFault;
use keybound_pop::htu::{self, Host};

/// An authority that is a name or an address with an optional port, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

impl Authority {
    /// Parses the value of `Host`, `:authority` or `X-Forwarded-Host`.
    ///
    /// # Errors
    /// [`RequestFault::HostMalformed`] for anything but a registered name or IP address with an optional port.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestFault> {
        let (host, port) = htu::parse_authority(text).map_err(|_| RequestFault::HostMalformed)?;
        Ok(Self { host, port })
    }

    /// Whether both name the same origin under this default port.
    pub(crate) fn same_origin(&self, other: &Self, default_port: u16) -> bool {
        self.host == other.host && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

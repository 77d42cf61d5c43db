use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;

use crate::balance::Balancer;
use crate::tls::client::TlsIdentity;

/// Where a service's requests go.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) to: Destination,
    /// How TLS is spoken to it; `None` for none.
    pub(crate) tls: Option<Arc<TlsIdentity>>,
    /// Whether it speaks HTTP/2: the upstreams of gRPC.
    pub(crate) http2: bool,
}

/// One place, or several to be chosen from.
#[derive(Debug)]
pub(crate) enum Destination {
    One(Endpoint),
    Many(Arc<Balancer>),
}

/// One place that requests can go to.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: UpstreamHost,
    pub(crate) port: u16,
    /// The name sent as SNI and looked for in the certificate, for requests that do not keep the client's host.
    pub(crate) name: Arc<str>,
    /// `Host` for requests that do not keep the client's, without TLS and with it.
    host_fields: [HeaderValue; 2],
}

/// A name to be resolved, or an address.
#[derive(Debug, Clone)]
pub(crate) enum UpstreamHost {
    Name(Arc<str>),
    Address(IpAddr),
}

impl Upstream {
    /// `Host` for requests that do not keep the client's; `None` where it depends on the target.
    pub(crate) fn host_field(&self) -> Option<&HeaderValue> {
        match &self.to {
            Destination::One(endpoint) => Some(endpoint.host_field(self.tls.is_some())),
            Destination::Many(_) => None,
        }
    }
}

impl Endpoint {
    /// A place by its host and port; `shown` is what it is told to be, if not that. `None` when the host is neither a
    /// name nor an address.
    pub(crate) fn of(host: &str, port: u16, shown: Option<&str>) -> Option<Self> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().ok();
        let to = match address {
            Some(address) => UpstreamHost::Address(address),
            None if !is_name(host) => return None,
            None => UpstreamHost::Name(host.into()),
        };
        let named = match (shown, address) {
            (Some(shown), _) => shown.to_owned(),
            (None, Some(IpAddr::V6(address))) => format!("[{address}]"),
            (None, _) => host.to_owned(),
        };
        let name = match shown.map(|shown| shown.split_once(':').map_or(shown, |(name, _)| name)) {
            Some(shown) => shown,
            None => bare,
        };
        let field = |default: u16| {
            let field = if port == default { named.clone() } else { format!("{named}:{port}") };
            HeaderValue::from_str(&field).ok()
        };
        Some(Self { host: to, port, name: name.into(), host_fields: [field(80)?, field(443)?] })
    }

    pub(crate) fn host_field(&self, tls: bool) -> &HeaderValue {
        let [plain, secure] = &self.host_fields;
        if tls { secure } else { plain }
    }
}

/// Whether a resolver and a `Host` field can carry this as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

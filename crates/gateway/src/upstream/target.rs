use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderValue;

use crate::balance::Balancer;
use crate::dns::{Name, Names};
use crate::tls::client::TlsIdentity;

/// How many turns of a name are looked at for an address that was not tried just now.
const TURNS: usize = 4;

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
    One(Origin),
    Many(Arc<Balancer>),
}

/// Where one place is, and how it is addressed.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) host: UpstreamHost,
    pub(crate) endpoint: Arc<Endpoint>,
}

/// How one place is addressed.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    /// The name sent as SNI and looked for in the certificate, for requests that do not keep the client's host.
    pub(crate) name: Arc<str>,
    /// `Host` for requests that do not keep the client's, without TLS and with it.
    host_fields: [HeaderValue; 2],
}

/// A name to be resolved, or an address.
#[derive(Debug, Clone)]
pub(crate) enum UpstreamHost {
    Name(Arc<Name>),
    Address(IpAddr),
}

impl Upstream {
    /// `Host` for requests that do not keep the client's; `None` where it depends on the target.
    pub(crate) fn host_field(&self) -> Option<&HeaderValue> {
        match &self.to {
            Destination::One(origin) => Some(origin.endpoint.host_field(self.tls.is_some())),
            Destination::Many(_) => None,
        }
    }
}

impl Origin {
    /// A place by its host and port; `shown` is what it is told to be, if not that. `None` when the host is neither a
    /// name nor an address.
    pub(crate) fn of(host: &str, port: u16, shown: Option<&str>, names: &Names) -> Option<Self> {
        let endpoint = Arc::new(Endpoint::of(host, port, shown)?);
        let host = match address_of(host) {
            Some(address) => UpstreamHost::Address(address),
            None => UpstreamHost::Name(names.of(host)),
        };
        Some(Self { host, endpoint })
    }

    /// The address to try next: each address of a name takes its turn. It is another than the last where there is one.
    ///
    /// # Errors
    /// Why the name has no address.
    pub(crate) async fn next_address(&self, last: Option<SocketAddr>) -> Result<SocketAddr, Arc<str>> {
        let name = match &self.host {
            UpstreamHost::Address(ip) => return Ok(SocketAddr::new(*ip, self.endpoint.port)),
            UpstreamHost::Name(name) => name,
        };
        let mut address = None;
        for _ in 0..TURNS {
            let place = name.next().await?;
            let next = SocketAddr::new(place.ip, place.port(self.endpoint.port));
            address = Some(next);
            if last != Some(next) {
                break;
            }
        }
        address.ok_or_else(|| "the name has no address".into())
    }
}

impl Endpoint {
    /// How a place is addressed; `shown` is what it is told to be, if not its host. `None` when the host is neither a
    /// name nor an address.
    pub(crate) fn of(host: &str, port: u16, shown: Option<&str>) -> Option<Self> {
        let bare = bare(host);
        let address = address_of(host);
        if address.is_none() && !is_name(host) {
            return None;
        }
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
        Some(Self { port, name: name.into(), host_fields: [field(80)?, field(443)?] })
    }

    pub(crate) fn host_field(&self, tls: bool) -> &HeaderValue {
        let [plain, secure] = &self.host_fields;
        if tls { secure } else { plain }
    }
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn address_of(host: &str) -> Option<IpAddr> {
    bare(host).parse().ok()
}

/// Whether a resolver and a `Host` field can carry this as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

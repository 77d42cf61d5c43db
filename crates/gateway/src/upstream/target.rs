use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use keybound_model::Service;
use keybound_model::entity::Protocol;

/// Where a service's requests go.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) host: UpstreamHost,
    pub(crate) port: u16,
    pub(crate) tls: Option<TlsUpstream>,
    /// `Host` for requests that do not keep the client's.
    pub(crate) host_field: HeaderValue,
}

/// A name to be resolved, or an address.
#[derive(Debug, Clone)]
pub(crate) enum UpstreamHost {
    Name(Arc<str>),
    Address(IpAddr),
}

/// How an upstream is spoken to over TLS.
#[derive(Debug)]
pub(crate) struct TlsUpstream {
    /// The name sent as SNI and looked for in the certificate, for requests that do not keep the client's host.
    pub(crate) name: Arc<str>,
    /// `None` leaves it to the gateway's settings.
    pub(crate) verify: Option<bool>,
}

impl Upstream {
    /// The upstream of a service; `None` when its host is neither a name nor an address.
    pub(crate) fn of(service: &Service) -> Option<Self> {
        let bare = service.host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().ok();
        let host = match address {
            Some(address) => UpstreamHost::Address(address),
            None if !is_name(&service.host) => return None,
            None => UpstreamHost::Name(service.host.as_str().into()),
        };
        let tls = service.protocol == Protocol::Https;
        let shown = match address {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            _ => service.host.clone(),
        };
        let field = match (tls, service.port) {
            (false, 80) | (true, 443) => shown,
            (_, port) => format!("{shown}:{port}"),
        };
        Some(Self {
            host,
            port: service.port,
            tls: tls.then(|| TlsUpstream { name: bare.into(), verify: service.tls_verify }),
            host_field: HeaderValue::from_str(&field).ok()?,
        })
    }
}

/// Whether a resolver and a `Host` field can carry this as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

use std::num::NonZeroUsize;
use std::time::Duration;

use keybound_gateway as gateway;

use super::StartFault;
use super::certificate;
use super::limits::limits;
use super::prefix::Prefix;
use super::tls::TlsPolicy;
use super::trust::Authorities;
use crate::settings::{ErrorType, Listen, LogPlace, RealIpHeader, RouterFlavor, Settings, Token};

/// The certificates of the proxy's listeners with `ssl`; empty when there is none.
pub(super) fn identities(
    settings: &Settings,
    prefix: &Prefix,
) -> Result<Vec<gateway::ServerIdentity>, StartFault> {
    if settings.proxy_listen.0.iter().any(|listen| listen.ssl) {
        certificate::PROXY.identities(settings, prefix)
    } else {
        Ok(Vec::new())
    }
}

/// The certificates that upstreams are shown when nothing else is configured for them.
pub(super) fn client_identities(settings: &Settings) -> Result<Vec<gateway::ServerIdentity>, StartFault> {
    let identities = certificate::CLIENT.configured(settings)?;
    match (settings.client_ssl.0, identities.is_empty()) {
        (true, true) => Err(StartFault::setting(settings, "client_ssl", "needs client_ssl_cert beside it")),
        (false, false) => {
            Err(StartFault::setting(settings, "client_ssl_cert", "only counts with client_ssl = on"))
        }
        _ => Ok(identities),
    }
}

/// What the data plane is told, from the settings.
pub(super) fn settings(
    settings: &Settings,
    identities: Vec<gateway::ServerIdentity>,
    authorities: &Authorities,
    policy: &TlsPolicy,
) -> Result<gateway::Settings, StartFault> {
    Ok(gateway::Settings {
        listeners: settings.proxy_listen.0.iter().map(listener).collect(),
        workers: NonZeroUsize::new(settings.nginx_worker_processes.count()).unwrap_or(NonZeroUsize::MIN),
        tls: gateway::TlsSettings {
            identities,
            suites: policy.suites.clone(),
            session_tickets: policy.tickets,
        },
        router_flavor: match settings.router_flavor {
            RouterFlavor::TraditionalCompatible | RouterFlavor::Traditional => {
                gateway::RouterFlavor::TraditionalCompatible
            }
            RouterFlavor::Expressions => gateway::RouterFlavor::Expressions,
        },
        trust: gateway::Trust {
            trusted: settings.trusted_ips.0.clone(),
            real_ip_header: match &settings.real_ip_header {
                RealIpHeader::Field(name) => Some(name.clone()),
                RealIpHeader::ProxyProtocol => None,
            },
            proxy_protocol: settings.real_ip_header == RealIpHeader::ProxyProtocol,
            recursive: settings.real_ip_recursive.0,
        },
        upstream: gateway::UpstreamSettings {
            roots: authorities.certificates.clone(),
            system_roots: authorities.system,
            identities: client_identities(settings)?,
            pool_size: settings.upstream_keepalive_pool_size.0 as usize,
            max_requests: settings.upstream_keepalive_max_requests.0,
            idle_timeout: idle_timeout(settings.upstream_keepalive_idle_timeout.0),
            ..gateway::UpstreamSettings::default()
        },
        dns: super::dns::settings(settings),
        limits: limits(settings),
        fields: fields(settings),
        error_default_type: match settings.error_default_type {
            ErrorType::Plain => gateway::ErrorType::Plain,
            ErrorType::Html => gateway::ErrorType::Html,
            ErrorType::Json => gateway::ErrorType::Json,
            ErrorType::Xml => gateway::ErrorType::Xml,
        },
        // Kong writes outside:inside; the data plane looks up by the port it listens on.
        port_maps: settings.port_maps.0.iter().map(|(outside, inside)| (*inside, *outside)).collect(),
        stop_deadline: Duration::from_secs(u64::from(settings.stop_deadline.0)),
        record_clients: settings.proxy_access_log.place != LogPlace::Off,
    })
}

fn listener(listen: &Listen) -> gateway::Listener {
    let base = gateway::Listener::plain(listen.address);
    gateway::Listener {
        tls: listen.ssl,
        http2: listen.http2,
        proxy_protocol: listen.proxy_protocol,
        backlog: listen.backlog.unwrap_or(Listen::BACKLOG),
        ..base
    }
}

fn fields(settings: &Settings) -> gateway::FieldTokens {
    let has = |token| settings.headers.has(token);
    gateway::FieldTokens {
        server: has(Token::Server),
        via: has(Token::Via),
        upstream_latency: has(Token::UpstreamLatency),
        proxy_latency: has(Token::ProxyLatency),
        response_latency: has(Token::ResponseLatency),
        upstream_status: has(Token::UpstreamStatus),
        request_id: has(Token::RequestId),
        upstream_request_id: settings.headers_upstream.request_id,
        debug: settings.allow_debug_header.0,
    }
}

// Kong's 0 keeps idle connections for ever; a year comes to the same and cannot overflow a deadline.
fn idle_timeout(seconds: u32) -> Duration {
    Duration::from_secs(if seconds == 0 { 365 * 86_400 } else { u64::from(seconds) })
}

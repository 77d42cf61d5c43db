//! What the data plane is told at its start. Everything else comes with the [`Snapshot`](crate::Snapshot).

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

mod dns;
mod tls;

pub use self::dns::{DnsOrder, DnsRecord, DnsSettings};
pub use self::tls::{CipherSuites, CustomSuites, SuiteFault, TlsProtocols, TlsSettings};

/// The settings of a [`Gateway`](crate::Gateway). The defaults are Kong's, except where a field says otherwise.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen.
    pub listeners: Vec<Listener>,
    /// How many threads serve, each with sockets and connections of its own. Default: one per core.
    pub workers: NonZeroUsize,
    /// How clients are spoken to over TLS.
    pub tls: TlsSettings,
    /// Which kind of routes the configuration has (`router_flavor`).
    pub router_flavor: RouterFlavor,
    /// Whose word on the client's address and on the public URL counts.
    pub trust: Trust,
    /// How upstreams are reached.
    pub upstream: UpstreamSettings,
    /// How names of services and targets are resolved.
    pub dns: DnsSettings,
    /// What a client may take up.
    pub limits: Limits,
    /// The fields that Keybound adds to responses, and its id on requests.
    pub fields: FieldTokens,
    /// The type of gateway errors for clients that name none (`error_default_type`).
    pub error_default_type: ErrorType,
    /// Pairs (listening port, port that clients see), as Kong's `port_maps`: decide `X-Forwarded-Port` and the port
    /// in a route's `hosts`.
    pub port_maps: Vec<(u16, u16)>,
    /// Whether access records tell what clients say of themselves and whom they ask: `Referer` without its query, `User-Agent`, the
    /// protocol and the host; and which upstream answered. Default: no.
    pub record_clients: bool,
    /// How long a stop waits for requests in flight before it cuts them. Default: 30 seconds.
    pub stop_deadline: Duration,
}

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The address; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether it speaks HTTP/2 beside HTTP/1.1: by ALPN with TLS, by prior knowledge without.
    pub http2: bool,
    /// Whether every connection begins with a header of the PROXY protocol, version 1 or 2. One that does not is closed.
    pub proxy_protocol: bool,
    /// How many connections may wait to be accepted. Default: 16384.
    pub backlog: u32,
}

/// How routes say which requests they take (`router_flavor`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouterFlavor {
    /// By methods, hosts, paths, headers and server names.
    #[default]
    TraditionalCompatible,
    /// By an expression; routes without one as in the other flavour, behind those.
    Expressions,
}

/// A certificate with its key.
#[derive(Debug)]
pub struct ServerIdentity {
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
}

/// Whose word on the client's address and on the public URL counts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Peers whose forwarding fields count (`trusted_ips`). Default: nobody.
    pub trusted: Vec<IpNet>,
    /// The field in which trusted peers name the client (`real_ip_header`). Default: `x-real-ip`.
    pub real_ip_header: Option<HeaderName>,
    /// Whether the client is whom a trusted peer names in the PROXY protocol's header (`real_ip_header =
    /// proxy_protocol`), and no field says it. That address then takes the peer's place in everything: fields of
    /// forwarding count when it is trusted itself. Default: no.
    pub proxy_protocol: bool,
    /// Whether the client is the right-most address that is not itself trusted (`real_ip_recursive`), rather than
    /// simply the right-most one. Default: no.
    pub recursive: bool,
}

/// How upstreams are reached.
#[derive(Debug)]
pub struct UpstreamSettings {
    /// Certificates of authorities to trust beside the system's, in DER.
    pub roots: Vec<CertificateDer<'static>>,
    /// Whether the system's authorities are trusted. Default: yes.
    pub system_roots: bool,
    /// Whether the certificate of an upstream is verified when its service does not say (`tls_verify` null).
    /// Default: no, as Kong 3.9.
    pub tls_verify: bool,
    /// How many certificates may stand between an upstream's and an authority's when its service does not say
    /// (`tls_verify_depth` null). Default: 1, as nginx.
    pub tls_verify_depth: u32,
    /// The certificates that upstreams are shown when neither their service nor their upstream has one
    /// (`client_ssl_cert`, `client_ssl_cert_key`), one for each type of key. Default: none.
    pub identities: Vec<ServerIdentity>,
    /// Idle connections kept per upstream address and worker (`upstream_keepalive_pool_size`). Default: 512.
    pub pool_size: usize,
    /// Requests that one connection serves (`upstream_keepalive_max_requests`). Default: 10000; 0: no bound.
    pub max_requests: u32,
    /// How long an idle connection is kept (`upstream_keepalive_idle_timeout`). Default: 60 seconds.
    pub idle_timeout: Duration,
}

/// What a client may take up.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections per worker. For one more, those that were idle for longest are closed; where none is idle, it waits
    /// to be accepted. Default: 16384.
    pub max_connections: usize,
    /// Time for a TLS handshake. Default: 60 seconds.
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request's head to its last. Default: 60 seconds.
    pub head_timeout: Duration,
    /// Time a connection may wait for its next request. Default: 75 seconds.
    pub idle_timeout: Duration,
    /// Time between two reads of a request's body. Default: 60 seconds.
    pub body_timeout: Duration,
    /// Bytes a second that a request's body must bring on average once the gateway has waited for it for `body_timeout` in
    /// all; only time spent waiting for the client counts. Not where a route takes bodies as streams (`request_buffering`
    /// off, gRPC). Default: 500; 0: no bound.
    pub min_body_rate: u32,
    /// Time between two writes of a response. Default: 60 seconds.
    pub send_timeout: Duration,
    /// Requests that one connection serves before it is closed. Default: 10000, as Kong.
    pub max_requests_per_connection: u32,
    /// Fields of a request; more are refused. Default: 100.
    pub max_fields: usize,
    /// Bytes of all fields of a request; more is refused and the connection survives. Default: 32 KiB. Twice of it
    /// is where the connection is closed.
    pub max_head_bytes: usize,
    /// Bytes of a request's body (`client_max_body_size`). Default: no bound.
    pub max_body_bytes: Option<u64>,
    /// Streams that one HTTP/2 connection may have open. Default: 128.
    pub max_concurrent_streams: u32,
    /// Streams of an HTTP/2 connection that its client may reset before their answer; more than so many, and more than
    /// every second, close it. Default: 100; 0: no bound.
    pub max_reset_streams: u32,
    /// Requests in flight per worker; more are answered 503. Default: 16384; 0: no bound.
    pub max_requests: u32,
    /// How late a worker's own timer may come, twice in a row, before requests are answered 503. Default: a second; zero: no
    /// bound.
    pub max_lag: Duration,
}

/// The fields that Keybound adds to responses (Kong's `headers`), and its id on requests (`headers_upstream`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldTokens {
    /// `Server` where the upstream named none.
    pub server: bool,
    /// `Via` on proxied responses.
    pub via: bool,
    /// `X-Kong-Upstream-Latency`.
    pub upstream_latency: bool,
    /// `X-Kong-Proxy-Latency`.
    pub proxy_latency: bool,
    /// `X-Kong-Response-Latency`.
    pub response_latency: bool,
    /// `X-Kong-Upstream-Status`. Default: no.
    pub upstream_status: bool,
    /// `X-Kong-Request-Id`.
    pub request_id: bool,
    /// `X-Kong-Request-Id` on the forwarded request.
    pub upstream_request_id: bool,
    /// Answers `Kong-Debug: 1` with the names of route and service (`allow_debug_header`). Default: no.
    pub debug: bool,
}

/// The forms of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// `application/json`
    Json,
    /// `text/html`
    Html,
    /// `application/xml`
    Xml,
    /// `text/plain`
    Plain,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            tls: TlsSettings::default(),
            router_flavor: RouterFlavor::default(),
            trust: Trust::default(),
            upstream: UpstreamSettings::default(),
            dns: DnsSettings::default(),
            limits: Limits::default(),
            fields: FieldTokens::default(),
            error_default_type: ErrorType::Plain,
            port_maps: Vec::new(),
            record_clients: false,
            stop_deadline: Duration::from_secs(30),
        }
    }
}

impl Listener {
    /// A listener for plain HTTP/1.1.
    #[must_use]
    pub fn plain(addr: SocketAddr) -> Self {
        Self { addr, tls: false, http2: false, proxy_protocol: false, backlog: 16384 }
    }

    /// A listener for TLS with HTTP/1.1 and HTTP/2.
    #[must_use]
    pub fn tls(addr: SocketAddr) -> Self {
        Self { addr, tls: true, http2: true, proxy_protocol: false, backlog: 16384 }
    }
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            system_roots: true,
            tls_verify: false,
            tls_verify_depth: 1,
            identities: Vec::new(),
            pool_size: 512,
            max_requests: 10_000,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            handshake_timeout: Duration::from_secs(60),
            head_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            min_body_rate: 500,
            send_timeout: Duration::from_secs(60),
            max_requests_per_connection: 10_000,
            max_fields: 100,
            max_head_bytes: 32 * 1024,
            max_body_bytes: None,
            max_concurrent_streams: 128,
            max_reset_streams: 100,
            max_requests: 16_384,
            max_lag: Duration::from_secs(1),
        }
    }
}

impl Default for FieldTokens {
    fn default() -> Self {
        Self {
            server: true,
            via: true,
            upstream_latency: true,
            proxy_latency: true,
            response_latency: true,
            upstream_status: false,
            request_id: true,
            upstream_request_id: true,
            debug: false,
        }
    }
}

impl Trust {
    /// Whether the word of this peer counts.
    #[must_use]
    pub fn trusts(&self, peer: std::net::IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|net| net.contains(&peer))
    }
}

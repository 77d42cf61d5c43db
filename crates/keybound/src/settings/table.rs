use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kinds::{
    AccessLog, Buffers, CipherSuite, Ciphers, Connections, Count, Database, DnsFamily, DnsOrder, ErrorLog,
    ErrorType, FieldSecret, Folder, HeaderTokens, Kind, ListenSet, LogLevel, NameServers, Networks, NodeId,
    OptionalPath, OptionalText, PemSources, PluginNames, PortMaps, RealIpHeader, RecordTtl, RouterFlavor,
    Share, Size, Span, Switch, Text, TlsVersions, TracingInstrumentations, TrustSources, UpstreamHeaders,
    Workers,
};
use super::load::Resolved;
use super::origin::Origin;

/// One row of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name, as in the file; `KEYBOUND_` and this name in upper case as an environment variable.
    pub name: &'static str,
    /// What values look like.
    pub shape: &'static str,
    /// The default, as it would be written in a file; empty for none.
    pub default: &'static str,
    /// What the setting does.
    pub doc: &'static str,
}

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:literal; )+) => {
        /// The settings, typed, each with where it came from.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $( $(#[doc = $doc])+ pub $name: $kind, )+
            origins: BTreeMap<&'static str, Origin>,
            /// The references that values came by, in their place wherever they are shown.
            references: BTreeMap<&'static str, String>,
        }

        impl Settings {
            /// Every setting there is.
            pub const TABLE: &'static [Row] = &[
                $( Row {
                    name: stringify!($name),
                    shape: <$kind as Kind>::SHAPE,
                    default: $default,
                    doc: concat!($($doc),+),
                }, )+
            ];

            pub(super) fn read(resolved: &mut Resolved) -> Self {
                let mut origins = BTreeMap::new();
                $( let $name = {
                    let (value, origin) = resolved.value::<$kind>(stringify!($name), $default);
                    origins.insert(stringify!($name), origin);
                    value
                }; )+
                Self { $( $name, )+ origins, references: resolved.references() }
            }

            /// Each setting with its effective value, as it would be written, in the order of the table.
            #[must_use]
            pub fn effective(&self) -> Vec<(&'static Row, String, &Origin)> {
                let shown = [ $( self.$name.show(), )+ ];
                let shown = Self::TABLE.iter().zip(shown);
                shown.map(|(row, value)| (row, self.reference(row.name).unwrap_or(value), self.origin(row.name))).collect()
            }

            /// The effective settings as the Admin API shows them.
            #[must_use]
            pub fn to_json(&self) -> Map<String, Value> {
                let shown = [ $( (stringify!($name), self.$name.json()), )+ ];
                let shown = shown.into_iter();
                shown.map(|(name, value)| (name.to_owned(), self.reference(name).map_or(value, Value::from))).collect()
            }
        }
    };
}

settings! {
    /// The folder for everything Keybound writes: the configuration store (`keybound.db`), the certificates made at first
    /// start (`ssl/`) and the process id (`pids/keybound.pid`). It is created when it is not there.
    prefix: Folder = "/usr/local/keybound/";
    /// How much is logged. `notice` is what Kong calls it: starts, stops, changes, and one record per request.
    log_level: LogLevel = "notice";
    /// Where the access records of the proxy go, and what they look like: `logs/access.log kong`. A path counts from the
    /// prefix; `off` writes none. Without a format: `kong` in a file, one JSON object a line on a stream, text on a terminal.
    /// No format has the query. SIGUSR1 opens files again.
    proxy_access_log: AccessLog = "/dev/stderr";
    /// Where the access records of the Admin API go, as for `proxy_access_log`; without a format `combined` in a file.
    admin_access_log: AccessLog = "/dev/stderr";
    /// Where the access records of the Status API go, as for `proxy_access_log`; without a format `combined` in a file.
    status_access_log: AccessLog = "off";
    /// Where everything else goes that is logged, of all parts of the process. A path counts from the prefix; SIGUSR1 opens
    /// the file again.
    proxy_error_log: ErrorLog = "/dev/stderr";
    /// The addresses the proxy listens on; `off` for none. Port 0 takes a free port. Options after an address:
    /// `ssl`, `http2` (by ALPN with `ssl`, by prior knowledge without), `proxy_protocol` (every connection
    /// begins with its header, version 1 or 2, or is closed), `backlog=N`, `reuseport` and `bind` (always so), `ipv6only=on`.
    proxy_listen: ListenSet = "0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384";
    /// The addresses the Admin API listens on; `off` for none. Whoever reaches it rules the gateway: an address beyond the
    /// loopback interface is refused unless `admin_token` is set, or the address speaks TLS and `admin_ssl_client_ca` is set,
    /// or `admin_listen_insecure` says that it is meant. Options as for `proxy_listen`, without `proxy_protocol`.
    admin_listen: ListenSet = "127.0.0.1:8001 reuseport backlog=16384, 127.0.0.1:8444 http2 ssl reuseport backlog=16384";
    /// What clients of the Admin API must send in the field `Kong-Admin-Token`. Unset: nothing is asked for.
    admin_token: FieldSecret = "";
    /// Whether the Admin API may be open beyond the loopback interface and ask for nothing: for a port that something else
    /// guards, such as a network of containers.
    admin_listen_insecure: Switch = "off";
    /// The certificate chains of the addresses of `admin_listen` with `ssl`. Unset: a self-signed one is made at first start.
    admin_ssl_cert: PemSources = "";
    /// The private keys of `admin_ssl_cert`, in the same order.
    admin_ssl_cert_key: PemSources = "";
    /// The authorities whose certificates clients of the Admin API must show where it speaks TLS. Unset: no certificate is
    /// asked for. Keybound's own setting.
    admin_ssl_client_ca: PemSources = "";
    /// The addresses of the Status API (`/status`, `/status/ready`, `/metrics`), which is read only and asks for nothing; `off`
    /// for none. Kong's Helm chart and many samples use port 8100. Options as for `proxy_listen`, without `proxy_protocol`.
    status_listen: ListenSet = "127.0.0.1:8007 reuseport backlog=16384";
    /// The certificate chains of the addresses of `status_listen` with `ssl`. Unset: a self-signed one is made at first start.
    status_ssl_cert: PemSources = "";
    /// The private keys of `status_ssl_cert`, in the same order.
    status_ssl_cert_key: PemSources = "";
    /// The plugins that may be configured: `bundled` for all that there are, names, or `off`.
    plugins: PluginNames = "bundled";
    /// Where the configuration is kept: `sqlite` in one file of the prefix, `postgres` in a database for several nodes
    /// (`pg_*`), `off` in the declarative file that `declarative_config` names.
    database: Database = "sqlite";
    /// The declarative file (YAML or JSON) that is the configuration when `database` is `off`; SIGHUP reads it again.
    declarative_config: OptionalPath = "";
    /// The text of a declarative file, in place of a file.
    declarative_config_string: OptionalText = "";
    /// The PostgreSQL server's name or address, with `database=postgres`.
    pg_host: Text = "127.0.0.1";
    /// Its port.
    pg_port: Count<1, 65535> = "5432";
    /// Milliseconds that connecting to it, and each statement, may take.
    pg_timeout: Count<1, 3_600_000> = "5000";
    /// The user.
    pg_user: Text = "kong";
    /// The user's password.
    pg_password: OptionalText = "";
    /// The database.
    pg_database: Text = "kong";
    /// The schema in the database; it is made when it is not there. Unset: the user's first.
    pg_schema: Text = "";
    /// Whether TLS is used when the server has it.
    pg_ssl: Switch = "off";
    /// Whether TLS is insisted on, with `pg_ssl`.
    pg_ssl_required: Switch = "off";
    /// Whether the server's certificate is checked, with `pg_ssl`: it must be for `pg_host`, by a public authority or one of the
    /// files of `lua_ssl_trusted_certificate`. TLS is insisted on then.
    pg_ssl_verify: Switch = "off";
    /// How many connections to the server there may be.
    pg_pool_size: Count<2, 1000> = "10";
    /// Milliseconds after which an idle connection to the server is closed; 0 for no bound.
    pg_keepalive_timeout: Count<0, 86_400_000> = "60000";
    /// Seconds between two looks for what other nodes wrote. They tell each other at once; this makes up for what got lost.
    db_update_frequency: Count<1, 86_400> = "5";
    /// The keys that seal the secrets in the configuration store, newest first: 32 bytes in base64 each, commas between. The
    /// newest seals; older ones only open, until the next start has sealed everything anew. Unset: secrets are in plain text.
    store_key: OptionalText = "";
    /// The peers whose `X-Forwarded-*` fields and `real_ip_header` count: addresses and networks; `0.0.0.0/0,::/0`
    /// trusts everyone.
    trusted_ips: Networks = "";
    /// The field in which a trusted peer names the client's address; `proxy_protocol`: it does so in that header, on
    /// addresses of `proxy_listen` with that option, and the client then takes the peer's place: its forwarding fields count only
    /// when it is one of `trusted_ips` itself.
    real_ip_header: RealIpHeader = "X-Real-IP";
    /// Whether trusted addresses in `real_ip_header` are skipped, from the right, until one is not trusted.
    real_ip_recursive: Switch = "off";
    /// Where a listener is seen from outside under another port: `outside:inside`, as in `443:8443`. Sets
    /// `X-Forwarded-Port`.
    port_maps: PortMaps = "";
    /// The certificate chains of the listeners with `ssl`: paths, PEM text or base64 of it. Unset: a self-signed
    /// one is made at first start and kept in `ssl/` of the prefix.
    ssl_cert: PemSources = "";
    /// The private keys of `ssl_cert`, in the same order.
    ssl_cert_key: PemSources = "";
    /// Which cipher suites the listeners with `ssl` take: `modern` (TLS 1.3 only), `intermediate`, or `custom` (those of
    /// `ssl_ciphers`).
    ssl_cipher_suite: CipherSuite = "intermediate";
    /// The ciphers with `ssl_cipher_suite = custom`.
    ssl_ciphers: Ciphers = "";
    /// The versions of TLS that the listeners with `ssl` speak; only those count that the cipher suite has too.
    ssl_protocols: TlsVersions = "TLSv1.2 TLSv1.3";
    /// Whether clients may resume a TLS session by a ticket. `off`: no session is resumed, and none is kept in memory to be resumed
    /// by its id, as nginx does with `ssl_session_cache`; each handshake is a whole one.
    ssl_session_tickets: Switch = "on";
    /// Whether upstreams are shown the certificate of `client_ssl_cert` where neither service nor upstream names one.
    client_ssl: Switch = "off";
    /// The certificate chains for upstreams with `client_ssl`: one for each type of key.
    client_ssl_cert: PemSources = "";
    /// The private keys of `client_ssl_cert`, in the same order.
    client_ssl_cert_key: PemSources = "";
    /// The authorities that certificates of OpenID providers and upstreams are checked against: paths of PEM files, and
    /// `system` for those of the operating system.
    lua_ssl_trusted_certificate: TrustSources = "system";
    /// How routes say which requests they take: by methods, hosts, paths, headers and server names, or by an expression.
    router_flavor: RouterFlavor = "traditional_compatible";
    /// How many threads serve requests; `auto` is one for each processor.
    nginx_worker_processes: Workers = "auto";
    /// The fields that are added to answers: names, `server_tokens` (`Server`, `Via`), `latency_tokens`
    /// (`X-Kong-Proxy-Latency` and its like), or `off`.
    headers: HeaderTokens = "server_tokens, latency_tokens, X-Kong-Request-Id";
    /// The fields that are added to requests for the upstream: `X-Kong-Request-Id` or `off`.
    headers_upstream: UpstreamHeaders = "X-Kong-Request-Id";
    /// How many idle connections are kept for each upstream and thread; 0 keeps none.
    upstream_keepalive_pool_size: Count<0, 1_000_000> = "512";
    /// How many requests a connection to an upstream serves before it is closed; 0 for no bound.
    upstream_keepalive_max_requests: Count<0, 1_000_000_000> = "10000";
    /// Seconds after which an idle connection to an upstream is closed; 0 for no bound.
    upstream_keepalive_idle_timeout: Count<0, 86_400> = "60";
    /// The name servers that are asked for the names of services and targets. Unset: those of `/etc/resolv.conf`, whose search
    /// domains and options count in any case.
    dns_resolver: NameServers = "";
    /// The file of names that no server is asked for; it is read again when it changed.
    dns_hostsfile: OptionalPath = "/etc/hosts";
    /// What a name is asked for, until there are records; `LAST` is what it had the last time. `CNAME` is followed in any case.
    dns_order: DnsOrder = "LAST,SRV,A,CNAME";
    /// Seconds that an answer counts, whatever its records say. Unset: what they say.
    dns_valid_ttl: RecordTtl = "";
    /// Seconds that an answer is used beyond its time while a new one is fetched or cannot be had.
    dns_stale_ttl: Count<0, 31_536_000> = "3600";
    /// Seconds that it is remembered that a name does not exist or has no records.
    dns_not_found_ttl: Count<0, 86_400> = "30";
    /// Seconds that it is remembered that no server answered.
    dns_error_ttl: Count<0, 86_400> = "1";
    /// How many names have their answers remembered.
    dns_cache_size: Count<1, 1_000_000> = "10000";
    /// Whether the settings `resolver_*` count in place of `dns_*`.
    new_dns_client: Switch = "off";
    /// As `dns_resolver`, with `new_dns_client`.
    resolver_address: NameServers = "";
    /// As `dns_hostsfile`, with `new_dns_client`.
    resolver_hosts_file: OptionalPath = "/etc/hosts";
    /// The versions of addresses that a name is asked for, and whether names that begin with an underscore are asked for `SRV`
    /// first, with `new_dns_client`.
    resolver_family: DnsFamily = "A,SRV";
    /// As `dns_valid_ttl`, with `new_dns_client`.
    resolver_valid_ttl: RecordTtl = "";
    /// As `dns_not_found_ttl` and `dns_error_ttl`, with `new_dns_client`.
    resolver_error_ttl: Count<0, 86_400> = "1";
    /// As `dns_stale_ttl`, with `new_dns_client`.
    resolver_stale_ttl: Count<0, 31_536_000> = "3600";
    /// As `dns_cache_size`, with `new_dns_client`.
    resolver_lru_cache_size: Count<1, 1_000_000> = "10000";
    /// The largest body of a request; larger ones are answered with 413. 0 for no bound.
    nginx_http_client_max_body_size: Size = "0";
    /// What the plugin `opentelemetry` measures of requests: the request as a whole, the decisions of plugins with token and
    /// proof, the calls to providers that it waits for, the upstream.
    tracing_instrumentations: TracingInstrumentations = "off";
    /// The share of traces that are measured, where the plugin does not say.
    tracing_sampling_rate: Share = "0.01";
    /// How many connections of clients each worker has open at most. For one more, those that were idle for longest are closed;
    /// where none is idle, it waits. `auto`: half of the descriptors that the process may open, shared among the workers, at most 16384.
    nginx_events_worker_connections: Connections = "auto";
    /// The time for the head of a request, from its first byte to its last, and for a TLS handshake. Then the connection is closed.
    nginx_http_client_header_timeout: Span = "60s";
    /// The time between two reads of a request's body; then the answer is 408.
    nginx_http_client_body_timeout: Span = "60s";
    /// The time between two writes to a client that takes nothing; then the connection, or the stream of HTTP/2, is closed.
    nginx_http_send_timeout: Span = "60s";
    /// The time that a connection of a client may wait for its next request, or for its first.
    nginx_http_keepalive_timeout: Span = "75s";
    /// How many requests a connection of a client serves before it is closed.
    nginx_http_keepalive_requests: Count<1, 1_000_000_000> = "10000";
    /// The size of a request's target and fields in all: number times size. More is answered 400; more than twice as much 431,
    /// and the connection is closed.
    nginx_http_large_client_header_buffers: Buffers = "4 8k";
    /// How many streams of an HTTP/2 connection may be open at a time.
    nginx_http_http2_max_concurrent_streams: Count<1, 100_000> = "128";
    /// How many fields a request may have; more are answered 431 in HTTP/1.1, which closes the connection, and 400 in HTTP/2.
    client_max_headers: Count<10, 10_000> = "100";
    /// How many bytes a second a request's body must bring on average, once the gateway has waited for it for
    /// `nginx_http_client_body_timeout` in all; then the answer is 408. Time in which the upstream is waited for does not count, nor do routes
    /// with `request_buffering` off or for gRPC, whose bodies may be streams. 0 for no bound.
    client_body_min_rate: Count<0, 1_000_000_000> = "500";
    /// How many requests the client of an HTTP/2 connection may give up before their answer. When there are more, and more than every
    /// second one, the connection is closed. 0 for no bound.
    http2_max_resets: Count<0, 1_000_000_000> = "100";
    /// How many requests each worker has in flight at most; more are answered 503 with `Retry-After`. 0 for no bound.
    overload_max_requests: Count<0, 100_000_000> = "16384";
    /// Milliseconds that a worker's own timer may be late, twice in a row, before it answers requests 503 with `Retry-After` until
    /// fewer are in flight. 0 for no bound.
    overload_max_lag: Count<0, 3_600_000> = "1000";
    /// How much signature work by keys that are dear to check (RSA beyond 4096 bits, P-384, P-521) one client address, or one
    /// network /64 of IPv6, may cause by its proofs: as many checks with P-256 a second. More is answered 429 with `Retry-After`. Other
    /// keys have no bound. 0 for no bound.
    proof_work_limit: Count<0, 100_000_000> = "2000";
    /// The format of Keybound's own answers when `Accept` names none of those it has.
    error_default_type: ErrorType = "text/plain";
    /// Whether a request with `Kong-Debug: 1` is told the route and the service it matched, in fields of the answer.
    allow_debug_header: Switch = "off";
    /// How many seconds a stop goes on accepting requests while `/status/ready` already says 503, for load balancers that look
    /// now and then.
    stop_delay: Count<0, 3600> = "0";
    /// How many seconds a stop then waits for requests in flight and WebSockets before it cuts them. `keybound stop` and `quit`
    /// have a `--timeout` of their own, which ends the process earlier.
    stop_deadline: Count<0, 86_400> = "30";
    /// The identity of this node: `auto` makes one at first start and keeps it in the prefix.
    node_id: NodeId = "auto";
}

impl Settings {
    /// The row of a name.
    #[must_use]
    pub fn row(name: &str) -> Option<&'static Row> {
        Self::TABLE.iter().find(|row| row.name == name)
    }

    /// The reference that the value of a setting came by.
    fn reference(&self, name: &str) -> Option<String> {
        self.references.get(name).cloned()
    }

    /// Where the value of a setting came from.
    #[must_use]
    pub fn origin(&self, name: &str) -> &Origin {
        self.origins.get(name).unwrap_or(&Origin::Default)
    }
}

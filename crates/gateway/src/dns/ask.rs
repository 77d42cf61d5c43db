use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name as WireName, RData, RecordType};
use hickory_resolver::{TokioResolver, system_conf};

use super::hosts::Hosts;
use super::{LONGEST, PAUSE, Place, SHORTEST};
use crate::settings::{DnsOrder, DnsRecord, DnsSettings};

/// The most addresses that one name is taken to have.
const MOST: usize = 256;
/// The most SRV records that are followed to addresses.
const MOST_NAMES: usize = 64;
/// How long one name may take as a whole.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long what the hosts file says counts until it is looked at again.
const HOSTS_TTL: Duration = Duration::from_secs(10);
/// The weight for an SRV record whose weight is 0: as little as possible.
const LEAST: u32 = 1;

/// Asks for names, on the thread of the watch.
pub(crate) struct Asker {
    settings: Arc<DnsSettings>,
    resolver: Result<TokioResolver, String>,
    hosts: RefCell<Hosts>,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Found {
    /// Addresses, and how long they count.
    Places(Vec<Place>, Duration),
    /// There is no such name, or nothing that could be used: an answer, which counts for so long.
    Nothing(String, Duration),
    /// Nobody gave an answer; to be tried again after so long.
    Failed(String, Duration),
}

/// Why a question brought no records.
enum Lack {
    Nothing(String),
    Failed(String),
}

/// What the servers said: places, and for how long.
type Told = Result<(Vec<Place>, Duration), Lack>;

impl Asker {
    pub(crate) fn new(settings: Arc<DnsSettings>) -> Self {
        let resolver = resolver(&settings);
        if let Err(error) = &resolver {
            tracing::error!(%error, "names of upstreams cannot be resolved");
        }
        Self { settings, resolver, hosts: RefCell::default() }
    }

    /// What stands behind a name. `last` is what it had the last time, and is set to what it has.
    pub(crate) async fn ask(&self, name: &str, last: &mut Option<DnsRecord>) -> Found {
        if let Some(places) = self.in_hosts(name) {
            return Found::Places(places, HOSTS_TTL);
        }
        let bare = name.trim_end_matches('.');
        if bare == "invalid" || bare.ends_with(".invalid") {
            // RFC 6761 §6.4: never asked for.
            return Found::Nothing("there is no such name".to_owned(), self.not_found_ttl());
        }
        let told = tokio::time::timeout(PATIENCE, self.ask_servers(name, last)).await;
        match told.unwrap_or_else(|_| Err(Lack::Failed("no answer in time".to_owned()))) {
            Ok((mut places, ttl)) => {
                if places.len() > MOST {
                    tracing::warn!(
                        name,
                        addresses = places.len(),
                        most = MOST,
                        "a name has too many addresses"
                    );
                    places.truncate(MOST);
                }
                Found::Places(places, self.settings.valid_ttl.unwrap_or_else(|| ttl.clamp(SHORTEST, LONGEST)))
            }
            Err(Lack::Nothing(reason)) => Found::Nothing(reason, self.not_found_ttl()),
            Err(Lack::Failed(reason)) => Found::Failed(reason, self.settings.error_ttl.max(PAUSE)),
        }
    }

    fn not_found_ttl(&self) -> Duration {
        self.settings.not_found_ttl.max(PAUSE)
    }

    fn in_hosts(&self, name: &str) -> Option<Vec<Place>> {
        let mut hosts = self.hosts.borrow_mut();
        hosts.look(&self.settings.hosts_file);
        let all = hosts.of(name)?;
        let of = |is: fn(&IpAddr) -> bool| all.iter().copied().filter(is).collect::<Vec<_>>();
        let (four, six) = (of(IpAddr::is_ipv4), of(IpAddr::is_ipv6));
        let wanted = match &self.settings.order {
            DnsOrder::Together { a, aaaa, .. } => {
                [if *a { four } else { Vec::new() }, if *aaaa { six } else { Vec::new() }].concat()
            }
            DnsOrder::InTurn(order) => {
                let mut sets = order.iter().map(|record| match record {
                    DnsRecord::A => four.clone(),
                    DnsRecord::Aaaa => six.clone(),
                    DnsRecord::Last | DnsRecord::Srv => Vec::new(),
                });
                sets.find(|set| !set.is_empty()).unwrap_or_default()
            }
        };
        // What the file says is meant, even where only the other version was.
        let addresses = if wanted.is_empty() { all } else { wanted };
        Some(addresses.into_iter().map(plain).collect())
    }

    async fn ask_servers(&self, name: &str, last: &mut Option<DnsRecord>) -> Told {
        match &self.settings.order {
            DnsOrder::Together { a, aaaa, srv } => {
                if *srv && name.starts_with('_') {
                    return self.services(name, *a, *aaaa).await;
                }
                self.addresses(name, *a, *aaaa).await
            }
            DnsOrder::InTurn(order) => {
                let aaaa_only = order.contains(&DnsRecord::Aaaa) && !order.contains(&DnsRecord::A);
                let both = order.contains(&DnsRecord::Aaaa);
                let mut asked = Vec::new();
                let mut lack = None;
                for record in order {
                    let record = match (record, *last) {
                        (DnsRecord::Last, None) => continue,
                        (DnsRecord::Last, Some(last)) => last,
                        (record, _) => *record,
                    };
                    if asked.contains(&record) {
                        continue;
                    }
                    asked.push(record);
                    let told = match record {
                        DnsRecord::A => self.addresses(name, true, false).await,
                        DnsRecord::Aaaa => self.addresses(name, false, true).await,
                        DnsRecord::Srv | DnsRecord::Last => self.services(name, !aaaa_only, both).await,
                    };
                    match (told, &mut lack) {
                        (Ok(told), _) => {
                            *last = Some(record);
                            return Ok(told);
                        }
                        // That nobody answered outweighs that there is nothing: it may be wrong.
                        (Err(fault @ Lack::Failed(_)), _) => lack = Some(fault),
                        (Err(fault), None) => lack = Some(fault),
                        (Err(_), Some(_)) => {}
                    }
                }
                Err(lack.unwrap_or_else(|| Lack::Nothing("there is no such name".to_owned())))
            }
        }
    }

    /// The addresses of a name, of the versions that are wanted.
    async fn addresses(&self, name: &str, a: bool, aaaa: bool) -> Told {
        let of = async |wanted: bool, record| {
            if !wanted {
                return Err(Lack::Nothing("the name has no address".to_owned()));
            }
            let lookup = self.lookup(name, record).await?;
            let ips = lookup.answers().iter().filter_map(|record| record.data.ip_addr());
            let places: Vec<_> = ips.map(plain).collect();
            if places.is_empty() {
                return Err(Lack::Nothing("the name has no address".to_owned()));
            }
            Ok((places, ttl(&lookup)))
        };
        match tokio::join!(of(a, RecordType::A), of(aaaa, RecordType::AAAA)) {
            (Ok((four, ttl)), Ok((six, other))) => Ok(([four, six].concat(), ttl.min(other))),
            (Ok(told), Err(_)) | (Err(_), Ok(told)) => Ok(told),
            (Err(fault @ Lack::Failed(_)), Err(_)) | (Err(_), Err(fault)) => Err(fault),
        }
    }

    /// The places that SRV records tell, those of the best priority.
    async fn services(&self, name: &str, a: bool, aaaa: bool) -> Told {
        let lookup = self.lookup(name, RecordType::SRV).await?;
        let mut records: Vec<_> = lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                // RFC 2782: a target of "." says that there is no such service.
                RData::SRV(srv) if !srv.target.is_root() => Some(srv),
                _ => None,
            })
            .collect();
        let best = records.iter().map(|srv| srv.priority).min();
        records.retain(|srv| Some(srv.priority) == best);
        records.truncate(MOST_NAMES);
        let mut until = ttl(&lookup);
        let (mut places, mut lack) = (Vec::new(), None);
        for srv in records {
            let target = srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
            let (addresses, ttl) = match self.target(&lookup, &srv.target, &target, a, aaaa).await {
                Ok(told) => told,
                Err(fault) => {
                    lack = Some(fault);
                    continue;
                }
            };
            until = until.min(ttl);
            let target: Arc<str> = target.into();
            // What a record weighs is shared by the addresses of its target.
            let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
            let weight = (u32::from(srv.weight) / count).max(LEAST);
            let place =
                |address: Place| Place { srv: Some((srv.port, Arc::clone(&target))), weight, ..address };
            places.extend(addresses.into_iter().map(place));
        }
        if places.is_empty() {
            return Err(lack.unwrap_or_else(|| Lack::Nothing("there is no such service".to_owned())));
        }
        Ok((places, until))
    }

    /// The addresses of an SRV record's target: those that came with it, else asked for.
    async fn target(&self, with: &Lookup, wire: &WireName, target: &str, a: bool, aaaa: bool) -> Told {
        let ours = with.additionals().iter().filter(|record| record.name == *wire);
        let wanted = ours.filter_map(|record| {
            let ip = record.data.ip_addr()?;
            let wanted = if ip.is_ipv4() { a } else { aaaa };
            wanted.then(|| (plain(ip), Duration::from_secs(u64::from(record.ttl))))
        });
        let (places, ttls): (Vec<_>, Vec<_>) = wanted.unzip();
        if let Some(ttl) = ttls.into_iter().min() {
            return Ok((places, ttl));
        }
        if let Some(places) = self.in_hosts(target) {
            return Ok((places, HOSTS_TTL));
        }
        // Fully qualified, so that no search domain is tried.
        self.addresses(&format!("{target}."), a, aaaa).await
    }

    async fn lookup(&self, name: &str, record: RecordType) -> Result<Lookup, Lack> {
        let resolver = self.resolver.as_ref().map_err(|error| Lack::Failed(error.clone()))?;
        let name = WireName::from_str_relaxed(name).map_err(|error| Lack::Nothing(error.to_string()))?;
        resolver.lookup(name, record).await.map_err(|error| match &error {
            NetError::Dns(DnsError::NoRecordsFound(_)) => {
                Lack::Nothing(format!("there is no such name with {record} records"))
            }
            _ => Lack::Failed(error.to_string()),
        })
    }
}

fn plain(ip: IpAddr) -> Place {
    Place { ip, srv: None, weight: 1 }
}

/// How long the records of an answer count: as long as the first of them to go.
fn ttl(lookup: &Lookup) -> Duration {
    let shortest = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
    Duration::from_secs(u64::from(shortest))
}

fn resolver(settings: &DnsSettings) -> Result<TokioResolver, String> {
    let (mut config, mut options) = system_conf::read_system_conf().unwrap_or_else(|error| {
        if settings.servers.is_empty() {
            tracing::warn!(%error, "/etc/resolv.conf cannot be used: the name server is 127.0.0.1");
        }
        let local = vec![server(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53))];
        (ResolverConfig::from_parts(None, Vec::new(), local), ResolverOpts::default())
    });
    if !settings.servers.is_empty() {
        let (domain, search, _) = config.into_parts();
        let servers = settings.servers.iter().copied().map(server).collect();
        config = ResolverConfig::from_parts(domain, search, servers);
    }
    // The names are remembered here, and the hosts file is read here.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = options.timeout.clamp(Duration::from_millis(100), Duration::from_secs(5));
    options.attempts = options.attempts.clamp(1, 3);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().map_err(|error| error.to_string())
}

fn server(address: SocketAddr) -> NameServerConfig {
    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    udp.port = address.port();
    tcp.port = address.port();
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

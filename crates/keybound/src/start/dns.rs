use std::path::PathBuf;
use std::time::Duration;

use keybound_gateway as gateway;

use crate::settings::{DnsRecord, Settings};

/// How names of upstreams are resolved, from the settings of one of Kong's two clients.
pub(super) fn settings(settings: &Settings) -> gateway::DnsSettings {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let hosts = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
    if settings.new_dns_client.0 {
        let has = |record| settings.resolver_family.0.contains(&record);
        return gateway::DnsSettings {
            servers: settings.resolver_address.0.clone(),
            hosts_file: hosts(&settings.resolver_hosts_file.0),
            order: gateway::DnsOrder::Together {
                a: has(DnsRecord::A),
                aaaa: has(DnsRecord::Aaaa),
                srv: has(DnsRecord::Srv),
            },
            valid_ttl: settings.resolver_valid_ttl.0.map(seconds),
            stale_ttl: seconds(settings.resolver_stale_ttl.0),
            not_found_ttl: seconds(settings.resolver_error_ttl.0),
            error_ttl: seconds(settings.resolver_error_ttl.0),
            cache_size: settings.resolver_lru_cache_size.0 as usize,
        };
    }
    gateway::DnsSettings {
        servers: settings.dns_resolver.0.clone(),
        hosts_file: hosts(&settings.dns_hostsfile.0),
        order: gateway::DnsOrder::InTurn(settings.dns_order.0.iter().filter_map(record).collect()),
        valid_ttl: settings.dns_valid_ttl.0.map(seconds),
        stale_ttl: seconds(settings.dns_stale_ttl.0),
        not_found_ttl: seconds(settings.dns_not_found_ttl.0),
        error_ttl: seconds(settings.dns_error_ttl.0),
        cache_size: settings.dns_cache_size.0 as usize,
    }
}

/// Other names are followed whatever is asked for.
fn record(record: &DnsRecord) -> Option<gateway::DnsRecord> {
    match record {
        DnsRecord::Last => Some(gateway::DnsRecord::Last),
        DnsRecord::Srv => Some(gateway::DnsRecord::Srv),
        DnsRecord::A => Some(gateway::DnsRecord::A),
        DnsRecord::Aaaa => Some(gateway::DnsRecord::Aaaa),
        DnsRecord::Cname => None,
    }
}

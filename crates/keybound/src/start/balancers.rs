//! What the data plane knows of targets, for the Admin API and for metrics.

use std::sync::Arc;

use keybound_admin as admin;
use keybound_gateway::{Condition, TargetReport};
use keybound_plugins::metrics;
use uuid::Uuid;

use super::publication::Publication;

/// The balancers of the snapshot that serves.
pub(super) struct Balancers(pub(super) Arc<Publication>);

impl admin::Balancers for Balancers {
    fn health(&self, upstream: Uuid) -> Option<admin::UpstreamHealth> {
        let report = self.0.snapshot().load().upstream_report(upstream)?;
        let targets = report.targets.into_iter().map(|target| {
            let addresses = target.addresses.iter().map(|address| admin::AddressHealth {
                ip: address.address.ip().to_string(),
                port: address.address.port(),
                health: health(address.condition),
                weight: address.weight,
            });
            let known =
                admin::TargetHealth { health: health(target.condition), addresses: addresses.collect() };
            (target.target, known)
        });
        Some(admin::UpstreamHealth { health: health(report.condition), targets: targets.collect() })
    }

    fn mark(&self, upstream: Uuid, target: &str, address: Option<&str>, healthy: bool) -> Result<(), String> {
        self.0.snapshot().load().mark(upstream, target, address, healthy)
    }
}

fn health(condition: Condition) -> admin::Health {
    match condition {
        Condition::Unchecked => admin::Health::Off,
        Condition::Healthy => admin::Health::Healthy,
        Condition::Unhealthy => admin::Health::Unhealthy,
        Condition::Unresolved => admin::Health::DnsError,
    }
}

/// The targets of all upstreams as `/metrics` tells them: one for each address, or one without for a target that has none.
pub(super) fn told(publication: &Publication) -> Vec<metrics::TargetHealth> {
    let reports = publication.snapshot().load().upstream_reports();
    let mut told = Vec::new();
    for report in reports {
        for TargetReport { target, condition, addresses } in report.targets {
            let one = |address: String, condition| metrics::TargetHealth {
                upstream: report.name.clone(),
                target: target.clone(),
                address,
                health: state(condition),
            };
            if addresses.is_empty() {
                told.push(one(String::new(), condition));
            }
            told.extend(addresses.iter().map(|known| one(known.address.to_string(), known.condition)));
        }
    }
    told
}

fn state(condition: Condition) -> metrics::Health {
    match condition {
        Condition::Unchecked => metrics::Health::Off,
        Condition::Healthy => metrics::Health::Healthy,
        Condition::Unhealthy => metrics::Health::Unhealthy,
        Condition::Unresolved => metrics::Health::DnsError,
    }
}

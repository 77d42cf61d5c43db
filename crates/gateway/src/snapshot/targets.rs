use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::Snapshot;
use crate::balance::{Balancer, UpstreamReport};
use crate::dns::Names;

/// What the watch looks after: the balancers, by the ids of their upstreams, and the names.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    pub(crate) balancers: HashMap<Uuid, Arc<Balancer>>,
    pub(crate) names: Arc<Names>,
}

impl Snapshot {
    /// How an upstream and its targets are, as this process knows; `None` when there is no such upstream.
    #[must_use]
    pub fn upstream_report(&self, upstream: Uuid) -> Option<UpstreamReport> {
        self.targets.balancers.get(&upstream).map(|balancer| balancer.report())
    }

    /// How all upstreams are, by name.
    #[must_use]
    pub fn upstream_reports(&self) -> Vec<UpstreamReport> {
        let mut reports: Vec<_> = self.targets.balancers.values().map(|balancer| balancer.report()).collect();
        reports.sort_by(|a, b| a.name.cmp(&b.name));
        reports
    }

    /// Takes a target, or one of its addresses, for healthy or not, as if checks had found it so. Where nobody checks, it
    /// makes no difference.
    ///
    /// # Errors
    /// There is no such upstream, target or address.
    pub fn mark(
        &self,
        upstream: Uuid,
        target: &str,
        address: Option<&str>,
        healthy: bool,
    ) -> Result<(), String> {
        let balancer = self.targets.balancers.get(&upstream);
        balancer.ok_or_else(|| format!("no upstream {upstream}"))?.mark(target, address, healthy)
    }
}

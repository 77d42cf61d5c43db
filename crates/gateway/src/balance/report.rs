use std::net::SocketAddr;
use std::sync::Arc;

use uuid::Uuid;

use super::{Balancer, Peer};

/// How an upstream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamReport {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How it is as a whole: unhealthy when no target is healthy, or too few are.
    pub condition: Condition,
    /// Its targets.
    pub targets: Vec<TargetReport>,
}

/// How a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetReport {
    /// Host and port, as they are stored.
    pub target: String,
    /// How it is as a whole: healthy when one of its addresses is.
    pub condition: Condition,
    /// Its addresses.
    pub addresses: Vec<AddressReport>,
}

/// How an address of a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressReport {
    /// The address.
    pub address: SocketAddr,
    /// Its share of the traffic.
    pub weight: u32,
    /// How it is.
    pub condition: Condition,
}

/// How something that could be checked is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nobody checks.
    Unchecked,
    /// It takes requests.
    Healthy,
    /// It takes none.
    Unhealthy,
    /// Its name has no address, or none yet.
    Unresolved,
}

impl Balancer {
    /// How the upstream and its targets are.
    pub(crate) fn report(&self) -> UpstreamReport {
        let peers = self.peers.load();
        let checked = self.checks.is_some();
        let of = |peer: &Arc<Peer>| match (checked, peer.health.is_healthy()) {
            (_, false) => Condition::Unhealthy,
            (true, true) => Condition::Healthy,
            (false, true) => Condition::Unchecked,
        };
        let usable = peers.all.iter().any(|peer| peer.weight > 0 && peer.health.is_healthy());
        let targets = self.members.iter().enumerate().map(|(number, member)| {
            let own = peers.all.iter().filter(|peer| peer.member == number);
            let addresses: Vec<_> = own
                .map(|peer| AddressReport { address: peer.address, weight: peer.weight, condition: of(peer) })
                .collect();
            let taking = addresses.iter().find(|address| address.condition != Condition::Unhealthy);
            let condition = match taking {
                _ if addresses.is_empty() => Condition::Unresolved,
                Some(address) => address.condition,
                None => Condition::Unhealthy,
            };
            TargetReport { target: member.text.to_string(), condition, addresses }
        });
        UpstreamReport {
            id: self.upstream.id,
            name: self.upstream.name.clone(),
            condition: match (checked, peers.enough && usable) {
                (false, _) => Condition::Unchecked,
                (true, true) => Condition::Healthy,
                (true, false) => Condition::Unhealthy,
            },
            targets: targets.collect(),
        }
    }

    /// Takes a target, or one of its addresses, for healthy or not, and forgets what was counted. Where nobody checks, it stays so until
    /// the next word.
    ///
    /// # Errors
    /// The target or the address is not there.
    pub(crate) fn mark(&self, target: &str, address: Option<&str>, healthy: bool) -> Result<(), String> {
        let number = self.members.iter().position(|member| *member.text == *target);
        let number = number.ok_or_else(|| format!("no target '{target}'"))?;
        let peers = self.peers.load_full();
        let own: Vec<_> = peers.all.iter().filter(|peer| peer.member == number).collect();
        let wanted: Vec<_> = match address {
            None => own,
            Some(text) => {
                let address = self.address(number, text);
                let found: Vec<_> = own.into_iter().filter(|peer| Some(peer.address) == address).collect();
                if found.is_empty() {
                    return Err(format!("no address '{text}' of target '{target}'"));
                }
                found
            }
        };
        for peer in wanted {
            if peer.health.set(healthy) {
                let upstream = self.upstream.name.as_str();
                tracing::info!(upstream, target, address = %peer.address, healthy, "a target was marked");
            }
        }
        self.settle();
        Ok(())
    }

    /// An address with its port, or without, where the target's is meant.
    fn address(&self, member: usize, text: &str) -> Option<SocketAddr> {
        if let Ok(address) = text.parse() {
            return Some(address);
        }
        let ip = text.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        self.members.get(member).map(|member| SocketAddr::new(ip, member.origin.endpoint.port))
    }
}

//! Which of an upstream's targets a request goes to, and how they are.

mod checks;
mod hash;
mod health;
mod latency;
mod peers;
mod report;
mod ring;
mod wheel;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::future::select_all;
use keybound_model::entity::{Algorithm, Target, Upstream};

pub(crate) use self::checks::{Checks, Probing};
use self::hash::HashRule;
pub(crate) use self::hash::{HashFacts, Hashed};
pub(crate) use self::health::{Looker, Sight};
pub(crate) use self::peers::Peer;
use self::peers::{Asked, Known, Peers};
pub use self::report::{AddressReport, Condition, TargetReport, UpstreamReport};
pub(crate) use self::wheel::Wheel;
use crate::dns::{Name, Names};
use crate::snapshot::CompileFault;
use crate::upstream::{Origin, UpstreamHost};

/// The targets of one upstream, and whose turn it is. What it keeps is shared by all workers, without locks where
/// requests look.
#[derive(Debug)]
pub(crate) struct Balancer {
    /// What it was made of: a balancer of the same upstream and targets is kept across configurations.
    upstream: Upstream,
    targets: Vec<Target>,
    members: Box<[Member]>,
    hash: HashRule,
    checks: Option<Checks>,
    turn: AtomicUsize,
    started: Instant,
    peers: ArcSwap<Peers>,
    gathering: Mutex<()>,
}

/// A target.
#[derive(Debug)]
struct Member {
    /// As it is stored: host and port.
    text: Arc<str>,
    /// Its host alone.
    host: Box<str>,
    origin: Origin,
    weight: u32,
}

/// A request on its way to a peer; ends with its response.
#[derive(Debug)]
pub(crate) struct Load(Arc<Peer>);

/// What a balancer is made of beside its upstream and targets.
pub(crate) struct Means<'a> {
    pub(crate) names: &'a Names,
    pub(crate) checks: Option<Checks>,
    /// The balancer of the same upstream before: what is known of targets that stay goes on.
    pub(crate) before: Option<&'a Balancer>,
}

impl Balancer {
    /// The balancer of an upstream and its targets.
    ///
    /// # Errors
    /// A target that is neither a name nor an address, and a hash input that is no field name.
    pub(crate) fn build(
        upstream: &Upstream,
        targets: Vec<Target>,
        means: Means<'_>,
    ) -> Result<Self, CompileFault> {
        let Means { names, checks, before } = means;
        let members = targets.iter().map(|target| member(upstream, target, names));
        let members = members.collect::<Result<Box<[_]>, _>>()?;
        let known = before.map(Self::known).unwrap_or_default();
        // What checks found out would never be found otherwise once they are off.
        let goes_on = before.is_some_and(|before| before.checks.is_some() == checks.is_some());
        let peers = Peers::gather(upstream, &members, None, &known, goes_on);
        Ok(Self {
            hash: HashRule::of(upstream)?,
            upstream: upstream.clone(),
            targets,
            members,
            checks,
            turn: AtomicUsize::new(0),
            started: Instant::now(),
            peers: ArcSwap::from_pointee(peers),
            gathering: Mutex::new(()),
        })
    }

    /// Whether it is the balancer of these.
    pub(crate) fn is_of(&self, upstream: &Upstream, targets: &[Target], checks: Option<&Checks>) -> bool {
        let tls = |checks: Option<&Checks>| {
            checks.and_then(|checks| checks.active.as_ref()?.tls.as_ref().map(Arc::as_ptr))
        };
        self.upstream == *upstream && self.targets == targets && tls(self.checks.as_ref()) == tls(checks)
    }

    /// What decides about the target where that depends on the request.
    pub(crate) fn hash(&self, facts: &HashFacts<'_>) -> Option<Hashed> {
        if self.upstream.algorithm == Algorithm::ConsistentHashing {
            self.hash.of_request(facts)
        } else {
            None
        }
    }

    /// The peer to try next; `None` when no healthy one with a share of the traffic is left that was not tried, or
    /// when too few are healthy.
    pub(crate) fn pick(&self, hash: Option<u64>, tried: &[Arc<Peer>]) -> Option<Arc<Peer>> {
        let peers = self.peers.load();
        if !peers.enough {
            return None;
        }
        let turn = self.turn.fetch_add(1, Relaxed);
        peers.pick(&Asked { turn, hash, tried, now: &|| self.now() })
    }

    /// Names what is known of its peers now: another name after each change.
    pub(crate) fn state(&self) -> usize {
        Arc::as_ptr(&self.peers.load()).addr()
    }

    /// Waits until more is known of the targets' names. Whether anything could be.
    pub(crate) async fn learn(&self) -> bool {
        // What was learnt since the peers were gathered is more, too.
        if self.catch_up() {
            return true;
        }
        let unknown: Vec<_> = self.names().filter(|name| name.answer().is_none()).cloned().collect();
        if unknown.is_empty() {
            return false;
        }
        let known = unknown.iter().map(|name| Box::pin(name.known()));
        let _ = select_all(known).await;
        self.catch_up()
    }

    /// Takes in what the names stand for now, if that is something else. Whether it is.
    pub(crate) fn catch_up(&self) -> bool {
        let knows = {
            let answers: Vec<_> = self.members.iter().map(Member::answer).collect();
            self.peers.load().knew(&answers)
        };
        !knows && self.gather()
    }

    /// Whether answers take part in the next choice.
    pub(crate) fn is_timed(&self) -> bool {
        self.upstream.algorithm == Algorithm::Latency
    }

    /// Notes how long a peer took to answer.
    pub(crate) fn observe(&self, peer: &Peer, took: Duration) {
        peer.gauge.latency.note(self.now(), took);
    }

    /// The status of an answer to a request.
    pub(crate) fn answered(&self, peer: &Peer, status: u16) {
        if let Some(judging) = self.checks.as_ref().and_then(|checks| checks.passive.as_ref())
            && let Some(sight) = judging.sight(status)
        {
            self.note(peer, Looker::Request, sight);
        }
    }

    /// Counts what was seen of a peer.
    pub(crate) fn note(&self, peer: &Peer, looker: Looker, sight: Sight) {
        let Some(checks) = &self.checks else { return };
        let limits = match looker {
            Looker::Probe => checks.active.as_ref().map(|active| active.limits),
            Looker::Request => checks.passive.as_ref().map(|passive| passive.limits),
        };
        let Some(limits) = limits else { return };
        if let Some(healthy) = peer.health.note(looker, sight, limits) {
            self.changed(peer, healthy, looker);
        }
    }

    fn changed(&self, peer: &Peer, healthy: bool, looker: Looker) {
        let (upstream, target) = (self.upstream.name.as_str(), self.text_of(peer));
        let by = if looker == Looker::Probe { "probes" } else { "requests" };
        if healthy {
            tracing::info!(upstream, target, address = %peer.address, by, "a target is healthy again");
        } else {
            tracing::warn!(upstream, target, address = %peer.address, by, "a target is unhealthy: it gets no requests");
        }
        self.settle();
    }

    /// The names of its targets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<Name>> {
        self.members.iter().filter_map(|member| match &member.origin.host {
            UpstreamHost::Name(name) => Some(name),
            UpstreamHost::Address(_) => None,
        })
    }

    /// Whether its targets can be unhealthy.
    pub(crate) fn is_checked(&self) -> bool {
        self.checks.is_some()
    }

    /// How its targets are probed.
    pub(crate) fn probing(&self) -> Option<&Probing> {
        self.checks.as_ref()?.active.as_ref()
    }

    /// The addresses with a share of the traffic that are healthy, or that are not.
    pub(crate) fn peers_that_are(&self, healthy: bool) -> Vec<Arc<Peer>> {
        let peers = self.peers.load();
        let wanted = |peer: &&Arc<Peer>| peer.weight > 0 && peer.health.is_healthy() == healthy;
        peers.all.iter().filter(wanted).cloned().collect()
    }

    /// Takes in what the names stand for and which peers are healthy. Whether the names stand for something else.
    fn gather(&self) -> bool {
        let _gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.peers.load_full();
        let next = Peers::gather(&self.upstream, &self.members, Some(&before), &self.known(), true);
        let differs = !Arc::ptr_eq(&before.all, &next.all);
        self.peers.store(Arc::new(next));
        differs
    }

    /// Takes in which peers are healthy now.
    pub(crate) fn settle(&self) {
        if !self.peers.load().is_settled() {
            self.gather();
        }
    }

    /// Why there is nothing to pick.
    pub(crate) fn lack(&self) -> String {
        let peers = self.peers.load();
        let weighted = peers.all.iter().filter(|peer| peer.weight > 0).count();
        let healthy = peers.all.iter().filter(|peer| peer.weight > 0 && peer.health.is_healthy()).count();
        let mut lack = if weighted > 0 {
            format!("no target can be used: {healthy} of {weighted} addresses are healthy")
        } else {
            "no target can be used".to_owned()
        };
        for name in self.names() {
            if let Some(answer) = name.answer()
                && let crate::dns::Answer::None(reason) = &*answer
            {
                lack += &format!("; {}: {reason}", name.text);
            }
        }
        lack
    }

    /// Its peers by the texts of their targets.
    fn known(&self) -> Known {
        let peers = self.peers.load();
        let text = |peer: &Arc<Peer>| Some(Arc::clone(&self.members.get(peer.member)?.text));
        let known = |peer| Some(((text(peer)?, peer.address), Arc::clone(peer)));
        peers.all.iter().filter_map(known).collect()
    }

    fn text_of(&self, peer: &Peer) -> &str {
        self.members.get(peer.member).map(|member| &*member.text).unwrap_or_default()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Load {
    pub(crate) fn new(peer: Arc<Peer>) -> Self {
        peer.gauge.in_flight.fetch_add(1, Relaxed);
        Self(peer)
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.0
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.gauge.in_flight.fetch_sub(1, Relaxed);
    }
}

fn member(upstream: &Upstream, target: &Target, names: &Names) -> Result<Member, CompileFault> {
    let (host, port) = match target.target.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (target.target.as_str(), None),
    };
    // A target's port is filled in when it is stored; this is the number that is filled in.
    let port = port.unwrap_or(8000);
    let origin = Origin::of(host, port, upstream.host_header.as_deref(), names);
    let origin = origin.ok_or_else(|| CompileFault::Unsupported {
        entity: format!("target '{}' of upstream '{}'", target.target, upstream.name),
        field: "target",
        reason: "is neither a name nor an address with a port".to_owned(),
    })?;
    Ok(Member { text: target.target.as_str().into(), host: host.into(), origin, weight: target.weight })
}

#[cfg(test)]
mod tests;

//! Which of an upstream's targets a request goes to.

mod hash;
mod latency;
mod ring;
mod wheel;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keybound_model::entity::{Algorithm, Target, Upstream};

pub(crate) use self::hash::{HashFacts, Hashed};
use self::hash::{HashRule, mix};
use self::latency::Latency;
use self::ring::Ring;
use self::wheel::Wheel;
use crate::snapshot::CompileFault;
use crate::upstream::Endpoint;

/// The targets of one upstream, and whose turn it is. What it keeps is shared by all workers, without locks.
#[derive(Debug)]
pub(crate) struct Balancer {
    /// What it was made of: a balancer of the same upstream and targets is kept across configurations.
    upstream: Upstream,
    targets: Vec<Target>,
    peers: Box<[Peer]>,
    /// The peers with a share of the traffic.
    usable: Box<[usize]>,
    choice: Choice,
    hash: HashRule,
    turn: AtomicUsize,
    started: Instant,
}

/// A target as requests meet it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    weight: u32,
    in_flight: AtomicU32,
    latency: Latency,
}

#[derive(Debug)]
enum Choice {
    InTurn(Wheel),
    ByHash(Ring),
    Fewest,
    Fastest,
}

/// A request on its way to a peer; ends with its response.
#[derive(Debug)]
pub(crate) struct Load {
    balancer: Arc<Balancer>,
    peer: usize,
}

impl Balancer {
    /// The balancer of an upstream and its targets.
    ///
    /// # Errors
    /// A target that is neither a name nor an address, and a hash input that is no field name.
    pub(crate) fn build(upstream: &Upstream, targets: Vec<Target>) -> Result<Self, CompileFault> {
        let peers = targets.iter().map(|target| peer(upstream, target)).collect::<Result<Box<[_]>, _>>()?;
        let usable: Box<[usize]> =
            (0..).zip(&peers).filter(|(_, peer)| peer.weight > 0).map(|(number, _)| number).collect();
        let weights: Vec<(usize, u32)> = (0..)
            .zip(&peers)
            .filter(|(_, peer)| peer.weight > 0)
            .map(|(at, peer)| (at, peer.weight))
            .collect();
        let choice = match upstream.algorithm {
            Algorithm::RoundRobin => Choice::InTurn(Wheel::new(&weights)),
            Algorithm::ConsistentHashing => {
                let names = targets.iter().map(|target| target.target.as_str()).collect::<Vec<_>>();
                Choice::ByHash(Ring::new(upstream.slots, &weights, &names))
            }
            Algorithm::LeastConnections => Choice::Fewest,
            Algorithm::Latency => Choice::Fastest,
        };
        Ok(Self {
            hash: HashRule::of(upstream)?,
            upstream: upstream.clone(),
            targets,
            peers,
            usable,
            choice,
            turn: AtomicUsize::new(0),
            started: Instant::now(),
        })
    }

    /// Whether it is the balancer of these.
    pub(crate) fn is_of(&self, upstream: &Upstream, targets: &[Target]) -> bool {
        self.upstream == *upstream && self.targets == targets
    }

    /// What decides about the target where that depends on the request.
    pub(crate) fn hash(&self, facts: &HashFacts<'_>) -> Option<Hashed> {
        match self.choice {
            Choice::ByHash(_) => self.hash.of_request(facts),
            Choice::InTurn(_) | Choice::Fewest | Choice::Fastest => None,
        }
    }

    /// The number of the peer to try next; `None` when each with a share of the traffic was tried.
    pub(crate) fn pick(&self, hash: Option<u64>, tried: &[usize]) -> Option<usize> {
        let turn = self.turn.fetch_add(1, Relaxed);
        let fresh = |peer: &usize| !tried.contains(peer);
        let picked = match &self.choice {
            Choice::InTurn(wheel) => wheel.pick(turn, fresh),
            Choice::ByHash(ring) => ring.pick(hash.unwrap_or_else(|| mix(turn as u64)), fresh),
            Choice::Fewest => self.fewest(turn, fresh),
            Choice::Fastest => self.fastest(turn, fresh),
        };
        picked.or_else(|| self.usable.iter().copied().find(|peer| fresh(peer)))
    }

    /// Whether a peer that was not tried is left.
    pub(crate) fn has_more(&self, tried: &[usize]) -> bool {
        self.usable.iter().any(|peer| !tried.contains(peer))
    }

    pub(crate) fn peer(&self, number: usize) -> Option<&Peer> {
        self.peers.get(number)
    }

    /// Notes how long a peer took to answer.
    pub(crate) fn observe(&self, number: usize, took: Duration) {
        if let Some(peer) = self.peers.get(number) {
            peer.latency.note(self.now(), took);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The peer with the fewest requests in flight for its weight; equals take turns.
    fn fewest(&self, turn: usize, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let mut best: Option<(u64, u64, usize)> = None;
        for number in self.from(turn).filter(|number| fresh(number)) {
            let Some(peer) = self.peers.get(number) else { continue };
            let (load, weight) = (u64::from(peer.in_flight.load(Relaxed)) + 1, u64::from(peer.weight));
            if best.is_none_or(|(other, its_weight, _)| load * its_weight < other * weight) {
                best = Some((load, weight, number));
            }
        }
        best.map(|(_, _, number)| number)
    }

    /// Of two peers taken blindly, the one that answered faster of late for its weight.
    fn fastest(&self, turn: usize, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let now = self.now();
        let score = |number: &usize| {
            self.peers.get(*number).map_or(f64::MAX, |peer| peer.latency.now(now) / f64::from(peer.weight))
        };
        // Only the bits that name a place are wanted.
        #[allow(clippy::cast_possible_truncation)]
        let start = mix(turn as u64) as usize;
        self.from(start).filter(|number| fresh(number)).take(2).min_by(|a, b| score(a).total_cmp(&score(b)))
    }

    /// The usable peers, all once, from some place on.
    fn from(&self, place: usize) -> impl Iterator<Item = usize> {
        let start = place.checked_rem(self.usable.len()).unwrap_or(0);
        let (before, after) = self.usable.split_at_checked(start).unwrap_or((&[], &self.usable));
        after.iter().chain(before).copied()
    }
}

impl Load {
    pub(crate) fn new(balancer: &Arc<Balancer>, peer: usize) -> Self {
        if let Some(peer) = balancer.peers.get(peer) {
            peer.in_flight.fetch_add(1, Relaxed);
        }
        Self { balancer: Arc::clone(balancer), peer }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(peer) = self.balancer.peers.get(self.peer) {
            peer.in_flight.fetch_sub(1, Relaxed);
        }
    }
}

fn peer(upstream: &Upstream, target: &Target) -> Result<Peer, CompileFault> {
    let (host, port) = match target.target.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (target.target.as_str(), None),
    };
    // A target's port is filled in when it is stored; this is the number that is filled in.
    let port = port.unwrap_or(8000);
    let endpoint = Endpoint::of(host, port, upstream.host_header.as_deref());
    let endpoint = endpoint.ok_or_else(|| CompileFault::Unsupported {
        entity: format!("target '{}' of upstream '{}'", target.target, upstream.name),
        field: "target",
        reason: "is neither a name nor an address with a port".to_owned(),
    })?;
    Ok(Peer { endpoint, weight: target.weight, in_flight: AtomicU32::new(0), latency: Latency::default() })
}

#[cfg(test)]
mod tests;

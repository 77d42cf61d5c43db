use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use keybound_model::entity::{Algorithm, Upstream};

use super::Member;
use super::hash::mix;
use super::health::Health;
use super::latency::Latency;
use super::ring::Ring;
use super::wheel::Wheel;
use crate::dns::{Answer, Place};
use crate::upstream::{Endpoint, UpstreamHost};

/// An address of a target, as requests meet it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) address: SocketAddr,
    pub(crate) weight: u32,
    /// The number of its target.
    pub(super) member: usize,
    pub(super) gauge: Arc<Gauge>,
    pub(crate) health: Arc<Health>,
}

/// What is measured of a peer. It outlives the peer: the same address of the same target has it in the next
/// configuration too.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    pub(super) in_flight: AtomicU32,
    pub(super) latency: Latency,
}

/// All peers at one time: the addresses that the targets' names had, and which of them took requests.
#[derive(Debug)]
pub(super) struct Peers {
    pub(super) all: Arc<[Arc<Peer>]>,
    /// What the targets' names stood for; `None` where it is not known yet, or where a target is an address.
    answers: Box<[Option<Arc<Answer>>]>,
    /// The peers with a share of the traffic that were healthy.
    usable: Box<[usize]>,
    /// Whether they weigh enough for the upstream to take requests at all.
    pub(super) enough: bool,
    choice: Choice,
}

#[derive(Debug)]
enum Choice {
    InTurn(Wheel),
    ByHash(Arc<Ring>),
    Fewest,
    Fastest,
}

/// What a pick depends on.
pub(super) struct Asked<'a> {
    pub(super) turn: usize,
    pub(super) hash: Option<u64>,
    pub(super) tried: &'a [Arc<Peer>],
    /// The time, for what was measured.
    pub(super) now: &'a dyn Fn() -> u64,
}

impl Peers {
    /// The peers that there are now. What was measured of peers that were there `before` goes on, and, with `goes_on`, how
    /// they were.
    pub(super) fn gather(
        upstream: &Upstream,
        members: &[Member],
        before: Option<&Self>,
        known: &Known,
        goes_on: bool,
    ) -> Self {
        let answers: Box<[_]> = members.iter().map(Member::answer).collect();
        let same = before.filter(|before| before.knew(&answers));
        let all = match same {
            Some(before) => Arc::clone(&before.all),
            None => {
                let mut all = Vec::new();
                for (number, (member, answer)) in members.iter().zip(&answers).enumerate() {
                    let peers = member.peers(upstream, number, answer.as_deref());
                    all.extend(
                        peers.into_iter().map(|peer| Arc::new(going_on(peer, member, known, goes_on))),
                    );
                }
                all.into()
            }
        };
        let weighted = |number: &usize| all.get(*number).is_some_and(|peer| peer.weight > 0);
        let healthy = |number: &usize| all.get(*number).is_some_and(|peer| peer.health.is_healthy());
        let weight = |numbers: &[usize]| -> u64 {
            numbers.iter().filter_map(|number| all.get(*number)).map(|peer| u64::from(peer.weight)).sum()
        };
        let shared: Vec<usize> = (0..all.len()).filter(weighted).collect();
        let usable: Box<[usize]> = shared.iter().copied().filter(healthy).collect();
        let threshold = u64::from(upstream.healthchecks.threshold);
        let enough = weight(&usable) * 10_000 >= weight(&shared) * threshold;
        let weights = |numbers: &[usize]| -> Vec<(usize, u32)> {
            numbers.iter().filter_map(|number| Some((*number, all.get(*number)?.weight))).collect()
        };
        let choice = match upstream.algorithm {
            Algorithm::RoundRobin => Choice::InTurn(Wheel::new(&weights(&usable))),
            Algorithm::ConsistentHashing => match same.map(|before| &before.choice) {
                // Unhealthy peers keep their slots, so that their hashes find back.
                Some(Choice::ByHash(ring)) => Choice::ByHash(Arc::clone(ring)),
                _ => {
                    let names: Vec<_> = all.iter().map(|peer| name_of(peer, members)).collect();
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    Choice::ByHash(Arc::new(Ring::new(upstream.slots, &weights(&shared), &names)))
                }
            },
            Algorithm::LeastConnections => Choice::Fewest,
            Algorithm::Latency => Choice::Fastest,
        };
        Self { all, answers, usable, enough, choice }
    }

    /// Whether these are the answers that it was made of.
    pub(super) fn knew(&self, answers: &[Option<Arc<Answer>>]) -> bool {
        let same = |(a, b): (&Option<Arc<Answer>>, &Option<Arc<Answer>>)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        self.answers.len() == answers.len() && self.answers.iter().zip(answers).all(same)
    }

    /// Whether the peers that it takes for healthy are those that are.
    pub(super) fn is_settled(&self) -> bool {
        let healthy = self.all.iter().filter(|peer| peer.weight > 0 && peer.health.is_healthy()).count();
        let known = self.usable.iter().filter_map(|number| self.all.get(*number));
        healthy == self.usable.len() && known.into_iter().all(|peer| peer.health.is_healthy())
    }

    /// The peer to try next.
    pub(super) fn pick(&self, asked: &Asked<'_>) -> Option<Arc<Peer>> {
        let fresh = |number: &usize| {
            self.all.get(*number).is_some_and(|peer| {
                peer.health.is_healthy() && !asked.tried.iter().any(|tried| tried.is(peer))
            })
        };
        let picked = match &self.choice {
            Choice::InTurn(wheel) => wheel.pick(asked.turn, fresh),
            Choice::ByHash(ring) => ring.pick(asked.hash.unwrap_or_else(|| mix(asked.turn as u64)), fresh),
            Choice::Fewest => self.fewest(asked.turn, fresh),
            Choice::Fastest => self.fastest(asked, fresh),
        };
        let picked = picked.or_else(|| self.usable.iter().copied().find(fresh))?;
        self.all.get(picked).map(Arc::clone)
    }

    /// The peer with the fewest requests in flight for its weight; equals take turns.
    fn fewest(&self, turn: usize, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let mut best: Option<(u64, u64, usize)> = None;
        for number in self.from(turn).filter(|number| fresh(number)) {
            let Some(peer) = self.all.get(number) else { continue };
            let (load, weight) = (u64::from(peer.gauge.in_flight.load(Relaxed)) + 1, u64::from(peer.weight));
            if best.is_none_or(|(other, its_weight, _)| load * its_weight < other * weight) {
                best = Some((load, weight, number));
            }
        }
        best.map(|(_, _, number)| number)
    }

    /// Of two peers taken blindly, the one that answered faster of late for its weight.
    fn fastest(&self, asked: &Asked<'_>, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let now = (asked.now)();
        let score = |number: &usize| {
            self.all
                .get(*number)
                .map_or(f64::MAX, |peer| peer.gauge.latency.now(now) / f64::from(peer.weight))
        };
        // Only the bits that name a place are wanted.
        #[allow(clippy::cast_possible_truncation)]
        let start = mix(asked.turn as u64) as usize;
        self.from(start).filter(|number| fresh(number)).take(2).min_by(|a, b| score(a).total_cmp(&score(b)))
    }

    /// The usable peers, all once, from some place on.
    fn from(&self, place: usize) -> impl Iterator<Item = usize> {
        let start = place.checked_rem(self.usable.len()).unwrap_or(0);
        let (before, after) = self.usable.split_at_checked(start).unwrap_or((&[], &self.usable));
        after.iter().chain(before).copied()
    }
}

impl Peer {
    /// Whether it is the same: the same address of the same target, maybe as it was before names were asked for again.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.gauge, &other.gauge)
    }
}

impl Member {
    /// What its name stands for; `None` where that is not known, or where it has none.
    pub(super) fn answer(&self) -> Option<Arc<Answer>> {
        match &self.origin.host {
            UpstreamHost::Name(name) => name.answer(),
            UpstreamHost::Address(_) => None,
        }
    }

    /// Its addresses, as if nothing was known of them.
    fn peers(&self, upstream: &Upstream, number: usize, answer: Option<&Answer>) -> Vec<Peer> {
        let peer = |endpoint, address, weight| Peer {
            endpoint,
            address,
            weight,
            member: number,
            gauge: Arc::default(),
            health: Arc::default(),
        };
        let own = &self.origin.endpoint;
        if let UpstreamHost::Address(ip) = self.origin.host {
            return vec![peer(Arc::clone(own), SocketAddr::new(ip, own.port), self.weight)];
        }
        let places = answer.map(Answer::places).unwrap_or_default();
        let of = |place: &Place| {
            let address = SocketAddr::new(place.ip, place.port(own.port));
            // The records weigh, unless the target is switched off.
            let weight = match (&place.srv, self.weight) {
                (_, 0) => 0,
                (Some(_), _) => place.weight,
                (None, weight) => weight,
            };
            peer(self.endpoint(upstream, place, address.port()), address, weight)
        };
        places.iter().map(of).collect()
    }

    /// How a place is addressed: by the target's name, or by that of its SRV record.
    fn endpoint(&self, upstream: &Upstream, place: &Place, port: u16) -> Arc<Endpoint> {
        let own = &self.origin.endpoint;
        let shown = upstream.host_header.as_deref();
        let named = match &place.srv {
            Some((_, name)) if upstream.use_srv_name => Endpoint::of(name, port, shown),
            _ if port == own.port => None,
            _ => Endpoint::of(&self.host, port, shown),
        };
        named.map_or_else(|| Arc::clone(own), Arc::new)
    }
}

/// Peers by the texts of their targets and their addresses.
pub(super) type Known = HashMap<(Arc<str>, SocketAddr), Arc<Peer>>;

/// The peer with what was known of it.
fn going_on(peer: Peer, member: &Member, known: &Known, goes_on: bool) -> Peer {
    match known.get(&(Arc::clone(&member.text), peer.address)) {
        Some(known) => Peer {
            gauge: Arc::clone(&known.gauge),
            health: if goes_on { Arc::clone(&known.health) } else { peer.health },
            ..peer
        },
        None => peer,
    }
}

/// What a peer's slots on a ring depend on.
fn name_of(peer: &Peer, members: &[Member]) -> String {
    let text = members.get(peer.member).map(|member| &*member.text).unwrap_or_default();
    match members.get(peer.member).map(|member| &member.origin.host) {
        Some(UpstreamHost::Name(_)) => format!("{text} {}", peer.address),
        _ => text.to_owned(),
    }
}

use super::hash::hash;

/// Slots around a circle, each of one peer: the same hash finds the same peer, and a peer that comes or goes moves only
/// the hashes near its own slots.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Box<[usize]>,
}

impl Ring {
    /// A ring for these peers and weights, none of which is 0; a peer's slots depend on its name and weight.
    pub(super) fn new(slots: u32, weights: &[(usize, u32)], names: &[&str]) -> Self {
        let size = usize::try_from(slots).unwrap_or(usize::MAX).max(weights.len());
        let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if total == 0 {
            return Self { slots: Box::new([]) };
        }
        let mut ring: Vec<Option<usize>> = vec![None; size];
        // By name, so that the order in which targets were added does not matter.
        let mut peers: Vec<_> = weights
            .iter()
            .map(|(peer, weight)| (names.get(*peer).copied().unwrap_or(""), *peer, *weight))
            .collect();
        peers.sort_unstable();
        let share = |weight: u32| (size as u64 * u64::from(weight) / total).max(1);
        // Point after point of all peers, so that each gets its first before any gets its last.
        let most = peers.iter().map(|(_, _, weight)| share(*weight)).max().unwrap_or(0);
        for point in 0..most {
            for (name, peer, weight) in &peers {
                if point < share(*weight) {
                    place(&mut ring, hash(format!("{name} {point}").as_bytes()), *peer);
                }
            }
        }
        Self { slots: filled(&ring) }
    }

    /// The peer of this hash, or the next round the ring that is fresh.
    pub(super) fn pick(&self, hash: u64, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let start = usize::try_from(hash.checked_rem(self.slots.len() as u64)?).ok()?;
        self.slots.iter().skip(start).chain(self.slots.iter().take(start)).copied().find(|peer| fresh(peer))
    }
}

/// Puts a peer into the first free slot from its hash on.
fn place(ring: &mut [Option<usize>], hash: u64, peer: usize) {
    let Some(start) = hash.checked_rem(ring.len() as u64).and_then(|at| usize::try_from(at).ok()) else {
        return;
    };
    let (before, after) = ring.split_at_mut(start);
    if let Some(free) = after.iter_mut().chain(before).find(|slot| slot.is_none()) {
        *free = Some(peer);
    }
}

/// Gives each slot that is left to the peer of the next one.
fn filled(ring: &[Option<usize>]) -> Box<[usize]> {
    let Some(mut next) = ring.iter().find_map(|slot| *slot) else { return Box::new([]) };
    let mut slots: Vec<usize> = ring
        .iter()
        .rev()
        .map(|slot| {
            next = slot.unwrap_or(next);
            next
        })
        .collect();
    slots.reverse();
    slots.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"];

    fn shares(ring: &Ring, peers: usize) -> Vec<usize> {
        (0..peers).map(|peer| ring.slots.iter().filter(|slot| **slot == peer).count()).collect()
    }

    #[test]
    fn slots_are_shared_by_weight() {
        let ring = Ring::new(10_000, &[(0, 100), (1, 300)], &NAMES);
        assert_eq!(shares(&ring, 2), [2500, 7500]);
    }

    #[test]
    fn a_peer_that_goes_moves_few_hashes() {
        let four = Ring::new(10_000, &[(0, 100), (1, 100), (2, 100), (3, 100)], &NAMES);
        let three = Ring::new(10_000, &[(0, 100), (1, 100), (3, 100)], &NAMES);
        let asked: Vec<u64> = (0..2000_u64).map(|number| hash(&number.to_be_bytes())).collect();
        let stays = |hash: &&u64| four.pick(**hash, |_| true) != Some(2);
        let moved = asked
            .iter()
            .filter(stays)
            .filter(|hash| four.pick(**hash, |_| true) != three.pick(**hash, |_| true))
            .count();
        let stayed = asked.iter().filter(stays).count();
        assert!(moved * 2 < stayed, "{moved} of {stayed} moved");
    }

    #[test]
    fn every_peer_has_a_slot_however_few_there_are() {
        let ring = Ring::new(1, &[(0, 1), (1, 65_535), (2, 1)], &NAMES);
        assert!(shares(&ring, 3).iter().all(|share| *share > 0), "{ring:?}");
        assert_eq!(Ring::new(10, &[], &NAMES).pick(1, |_| true), None);
    }
}

use super::hash::{hash, mix};

/// Slots that hashes fall into, each of one peer: the same hash finds the same peer, and a peer that comes, goes or changes its
/// weight moves no hash between others.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Box<[u32]>,
}

/// One that takes part in the draw for each slot.
struct Peer {
    number: u32,
    key: u64,
    weight: f64,
}

/// The fewest slots, so that a few targets do not go without. It does not depend on how many there are: hashes would move with that.
const FEWEST: u32 = 4096;

impl Ring {
    /// A ring for these peers and weights, none of which is 0. Each slot goes to the peer that wins it, by its name and weight alone
    /// (weighted rendezvous hashing), so that it stays with that one as long as it is there.
    pub(super) fn new(slots: u32, weights: &[(usize, u32)], names: &[&str]) -> Self {
        let peers: Vec<Peer> = weights
            .iter()
            .filter_map(|(peer, weight)| {
                let name = names.get(*peer).copied().unwrap_or_default();
                Some(Peer {
                    number: u32::try_from(*peer).ok()?,
                    key: hash(name.as_bytes()),
                    weight: f64::from(*weight),
                })
            })
            .collect();
        let alike = weights.windows(2).all(|pair| matches!(pair, [one, other] if one.1 == other.1));
        let slots = (0..u64::from(slots.max(FEWEST))).map(mix).filter_map(|slot| {
            if alike {
                peers.iter().max_by_key(|peer| peer.draw(slot)).map(|peer| peer.number)
            } else {
                let waits = peers.iter().map(|peer| (peer.wait(slot), peer.number));
                waits.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, number)| number)
            }
        });
        Self { slots: slots.collect() }
    }

    /// The peer of this hash, or the next round the ring that is fresh.
    pub(super) fn pick(&self, hash: u64, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let start = usize::try_from(hash.checked_rem(self.slots.len() as u64)?).ok()?;
        let (before, after) = self.slots.split_at_checked(start)?;
        after.iter().chain(before).filter_map(|peer| usize::try_from(*peer).ok()).find(|peer| fresh(peer))
    }
}

impl Peer {
    /// What it draws for a slot. Where all weigh the same, the highest wins.
    fn draw(&self, slot: u64) -> u64 {
        mix(self.key ^ slot)
    }

    /// How long it waits for a slot, when waits are exponential at the rate of the weight: whoever waits least wins, as often as its
    /// share of all weights. With equal weights that is the highest draw.
    fn wait(&self, slot: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "the first 53 bits are enough to tell draws apart")]
        let drawn = ((self.draw(slot) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        -drawn.ln() / self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"];

    fn shares(ring: &Ring, peers: u32) -> Vec<usize> {
        (0..peers).map(|peer| ring.slots.iter().filter(|slot| **slot == peer).count()).collect()
    }

    /// Slots that changed hands between peers that keep their weight.
    fn moved(before: &Ring, after: &Ring, changed: u32) -> usize {
        let slots = before.slots.iter().zip(&after.slots);
        slots.filter(|(before, after)| before != after && **before != changed && **after != changed).count()
    }

    #[test]
    fn slots_are_shared_by_weight() {
        for (weights, expected) in [([100, 300], [2500, 7500]), ([65_535, 65_535], [5000, 5000])] {
            let ring = Ring::new(10_000, &[(0, weights[0]), (1, weights[1])], &NAMES);
            for (share, expected) in shares(&ring, 2).into_iter().zip(expected) {
                // Four times the standard deviation, and it is the same in each run.
                assert!(share.abs_diff(expected) < 200, "{share} {expected}");
            }
        }
    }

    #[test]
    fn a_peer_that_comes_or_goes_or_changes_its_weight_moves_nothing_between_others() {
        for weights in [[100, 100, 100, 100], [100, 200, 300, 50]] {
            let all: Vec<_> = (0..).zip(weights).collect();
            let four = Ring::new(10_000, &all, &NAMES);
            for changed in 0..4_u32 {
                let mut others = all.clone();
                others.remove(changed as usize);
                let three = Ring::new(10_000, &others, &NAMES);
                assert_eq!(moved(&four, &three, changed), 0, "{weights:?} without {changed}");
                let mut heavier = all.clone();
                heavier[changed as usize].1 *= 3;
                let other = Ring::new(10_000, &heavier, &NAMES);
                assert_eq!(moved(&four, &other, changed), 0, "{weights:?} with more of {changed}");
                assert!(shares(&other, 4)[changed as usize] > shares(&four, 4)[changed as usize]);
            }
        }
    }

    #[test]
    fn targets_do_not_go_without_where_slots_are_few() {
        let names: Vec<String> = (0..20).map(|number| format!("10.0.0.{number}:80")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ring = Ring::new(10, &(0..20).map(|number| (number, 100)).collect::<Vec<_>>(), &names);
        assert!(shares(&ring, 20).iter().all(|share| *share > 100), "{ring:?}");
    }

    #[test]
    fn the_order_in_which_peers_were_added_does_not_matter() {
        let one = Ring::new(1000, &[(0, 1), (1, 2)], &["a:1", "b:1"]);
        let other = Ring::new(1000, &[(0, 2), (1, 1)], &["b:1", "a:1"]);
        assert!(one.slots.iter().zip(&other.slots).all(|(one, other)| one != other));
    }

    #[test]
    fn a_peer_that_is_not_fresh_leaves_its_hashes_to_others_and_none_is_found_where_none_is() {
        let ring = Ring::new(100, &[(0, 1), (1, 1)], &NAMES);
        assert!((0..1000).all(|hash| ring.pick(hash, |peer| *peer == 1) == Some(1)));
        assert_eq!(ring.pick(1, |_| false), None);
        assert_eq!(Ring::new(10, &[], &NAMES).pick(1, |_| true), None);
    }
}

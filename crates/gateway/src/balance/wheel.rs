use std::cmp::Ordering;

/// The most entries of a wheel; weights that need more are scaled down.
const MOST: u64 = 65_536;
/// How many entries are looked at before the wheel gives up on a peer that was not tried.
const PATIENCE: usize = 64;

/// The order of turns: each peer as often as its weight says, spread evenly.
#[derive(Debug)]
pub(crate) struct Wheel {
    order: Box<[usize]>,
}

impl Wheel {
    /// The order for these peers and weights, none of which is 0.
    pub(crate) fn new(weights: &[(usize, u32)]) -> Self {
        let divisor = weights.iter().fold(0, |divisor, (_, weight)| gcd(divisor, u64::from(*weight))).max(1);
        let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight) / divisor).sum();
        let share = |weight: u32| {
            let weight = u64::from(weight) / divisor;
            if total > MOST { (weight * MOST / total).max(1) } else { weight }
        };
        // The k-th turn of a peer of weight w stands at (k + 1/2) / w of the way round.
        let mut turns: Vec<(u64, u64, usize)> = Vec::new();
        for (peer, weight) in weights {
            let weight = share(*weight);
            turns.extend((0..weight).map(|turn| (2 * turn + 1, weight, *peer)));
        }
        turns.sort_by(|a, b| match (a.0 * b.1).cmp(&(b.0 * a.1)) {
            Ordering::Equal => a.2.cmp(&b.2),
            order => order,
        });
        Self { order: turns.into_iter().map(|turn| turn.2).collect() }
    }

    /// The peer of this turn, or the next after it that is fresh.
    pub(crate) fn pick(&self, turn: usize, fresh: impl Fn(&usize) -> bool) -> Option<usize> {
        let length = self.order.len();
        let start = turn.checked_rem(length)?;
        let entries = self.order.iter().skip(start).chain(self.order.iter().take(start));
        entries.take(PATIENCE).copied().find(|peer| fresh(peer))
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spread_evenly() {
        let wheel = Wheel::new(&[(0, 500), (1, 100), (2, 100)]);
        assert_eq!(*wheel.order, [0, 0, 0, 1, 2, 0, 0]);
    }

    #[test]
    fn weights_that_would_make_a_huge_wheel_are_scaled() {
        let wheel = Wheel::new(&[(0, 65_535), (1, 65_534), (2, 1)]);
        assert!(wheel.order.len() <= 65_537, "{}", wheel.order.len());
        assert_eq!(wheel.order.iter().filter(|peer| **peer == 2).count(), 1);
    }

    #[test]
    fn no_peer_no_turn() {
        assert_eq!(Wheel::new(&[]).pick(7, |_| true), None);
    }
}

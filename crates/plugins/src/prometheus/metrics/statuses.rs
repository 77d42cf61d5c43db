use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// Statuses that are counted without a lock; an upstream that has more of them is counted with one.
const PLACES: usize = 32;

/// How many answers had each status, and who wrote them.
#[derive(Default)]
pub(super) struct Statuses {
    places: [Place; PLACES],
    others: Mutex<BTreeMap<u32, u64>>,
}

#[derive(Default)]
struct Place {
    /// 0: free.
    key: AtomicU32,
    count: AtomicU64,
}

impl Statuses {
    pub(super) fn count(&self, status: u16, from_upstream: bool) {
        let key = (u32::from(status) << 1) | u32::from(from_upstream);
        let start = key as usize;
        for step in 0..PLACES {
            let Some(place) = self.places.get((start + step) % PLACES) else { break };
            let taken = match place.key.load(Relaxed) {
                0 => place.key.compare_exchange(0, key, Relaxed, Relaxed).unwrap_or_else(|other| other),
                other => other,
            };
            if taken == key || taken == 0 {
                place.count.fetch_add(1, Relaxed);
                return;
            }
        }
        *self.others.lock().entry(key).or_default() += 1;
    }

    /// Adds what was counted to sums by status and whether the upstream answered.
    pub(super) fn add_to(&self, sums: &mut BTreeMap<(u16, bool), u64>) {
        let mut add = |key: u32, count: u64| {
            let status = u16::try_from(key >> 1).unwrap_or_default();
            *sums.entry((status, key & 1 == 1)).or_default() += count;
        };
        for place in &self.places {
            let key = place.key.load(Relaxed);
            if key != 0 {
                add(key, place.count.load(Relaxed));
            }
        }
        for (key, count) in self.others.lock().iter() {
            add(*key, *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_statuses_is_counted_and_each_by_itself() {
        let statuses = Statuses::default();
        for status in 100..600 {
            for _ in 0..status % 3 + 1 {
                statuses.count(status, status % 2 == 0);
            }
        }
        let mut sums = BTreeMap::new();
        statuses.add_to(&mut sums);
        assert_eq!(sums.len(), 500);
        assert!(sums.iter().all(|((status, up), count)| {
            *count == u64::from(status % 3 + 1) && *up == (status % 2 == 0)
        }));
    }
}

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// Live records by key, counted in two rows of counters: the smaller of a key's two counters is its count.
///
/// The memory does not grow with the number of keys. Two keys share both counters once in sixteen million pairs; then they share a
/// quota too.
pub(super) struct Quota {
    most: u32,
    live: Rows,
    /// The same counts by the end of the records, to be taken off again.
    ends: Mutex<BTreeMap<i64, Box<Rows>>>,
}

const ROW: usize = 4096;

struct Rows {
    first: [AtomicU32; ROW],
    second: [AtomicU32; ROW],
}

impl Quota {
    pub(super) fn new(most: u64) -> Self {
        Self { most: u32::try_from(most).unwrap_or(u32::MAX), live: Rows::new(), ends: Mutex::default() }
    }

    /// Counts a record of this key that ends at `end`, unless the key has too many: then the next end is returned.
    pub(super) fn count(&self, key: &[u8; 16], end: i64) -> Result<(), i64> {
        let mut ends = self.ends.lock();
        if self.live.count(key) >= self.most {
            return Err(ends.first_key_value().map_or(end, |(end, _)| *end));
        }
        self.live.add(key);
        ends.entry(end).or_insert_with(|| Box::new(Rows::new())).add(key);
        Ok(())
    }

    /// Takes off the records that ended before `before`.
    pub(super) fn forget(&self, before: i64) {
        let mut ends = self.ends.lock();
        while let Some(first) = ends.first_entry() {
            if *first.key() >= before {
                break;
            }
            self.live.subtract(&first.remove());
        }
    }
}

impl Rows {
    fn new() -> Self {
        Self { first: [const { AtomicU32::new(0) }; ROW], second: [const { AtomicU32::new(0) }; ROW] }
    }

    fn of(&self, key: &[u8; 16]) -> Option<(&AtomicU32, &AtomicU32)> {
        let [a, b, c, d, ..] = *key;
        let place = |high: u8, low: u8| usize::from(u16::from_le_bytes([low, high])) % ROW;
        Some((self.first.get(place(a, b))?, self.second.get(place(c, d))?))
    }

    fn count(&self, key: &[u8; 16]) -> u32 {
        self.of(key)
            .map_or(0, |(first, second)| first.load(Ordering::Relaxed).min(second.load(Ordering::Relaxed)))
    }

    fn add(&self, key: &[u8; 16]) {
        if let Some((first, second)) = self.of(key) {
            first.fetch_add(1, Ordering::Relaxed);
            second.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn subtract(&self, ended: &Self) {
        let rows = self.first.iter().chain(&self.second);
        for (live, ended) in rows.zip(ended.first.iter().chain(&ended.second)) {
            live.fetch_sub(ended.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use parking_lot::Mutex;

use super::{CounterFault, CounterStore, Window};
use crate::BoxFuture;

const SHARDS: usize = 32;
/// How many entries are looked at to find one to give up.
const LOOKED_AT: usize = 16;

/// Counters in the memory of this process: sharded by who is counted, and bounded.
///
/// When a shard is full, whoever has no window left is forgotten; and where everybody has one, whoever of a few was counted
/// least. So a flood of strangers does not reset the counter of one who is near a limit.
pub struct MemoryCounters {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    room: usize,
}

#[derive(Default)]
struct Shard {
    counted: HashMap<Box<str>, Vec<Counter>>,
    /// The second in which it was last looked through: once is enough, and each time costs.
    swept_at: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    name: &'static str,
    start: i64,
    end: i64,
    count: u64,
}

impl MemoryCounters {
    /// Room for about so many who are counted.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            room: room.div_ceil(SHARDS).max(1),
        }
    }

    /// How many are counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().counted.len()).sum()
    }

    /// Whether nobody is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn count_now(&self, who: &str, windows: &[Window], now: i64) -> Vec<u64> {
        let index = usize::try_from(self.hasher.hash_one(who) % SHARDS as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(index) else { return Vec::new() };
        let mut shard = shard.lock();
        if !shard.counted.contains_key(who) {
            if shard.counted.len() >= self.room {
                shard.make_room(now, self.room);
            }
            shard.counted.insert(who.into(), Vec::new());
        }
        let Some(counters) = shard.counted.get_mut(who) else { return Vec::new() };
        let before: Vec<u64> = windows
            .iter()
            .map(|window| {
                let same = |counter: &&Counter| counter.name == window.name && counter.start == window.start;
                counters.iter().find(same).map_or(0, |counter| counter.count)
            })
            .collect();
        if before.iter().zip(windows).any(|(count, window)| *count >= window.limit) {
            return before;
        }
        *counters = windows
            .iter()
            .zip(&before)
            .map(|(window, count)| Counter {
                name: window.name,
                start: window.start,
                end: window.end,
                count: count.saturating_add(1),
            })
            .collect();
        before
    }
}

impl Shard {
    fn make_room(&mut self, now: i64, room: usize) {
        if self.swept_at != Some(now) {
            self.swept_at = Some(now);
            self.counted.retain(|_, counters| counters.iter().any(|counter| counter.end > now));
            if self.counted.len() < room {
                return;
            }
        }
        let most = |counters: &[Counter]| counters.iter().map(|counter| counter.count).max().unwrap_or(0);
        let least = self.counted.iter().take(LOOKED_AT).min_by_key(|(_, counters)| most(counters));
        if let Some(who) = least.map(|(who, _)| who.clone()) {
            self.counted.remove(&who);
        }
    }
}

impl CounterStore for MemoryCounters {
    fn count<'a>(
        &'a self,
        who: &'a str,
        windows: &'a [Window],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<u64>, CounterFault>> {
        Box::pin(std::future::ready(Ok(self.count_now(who, windows, now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_and_the_heaviest_caller_is_not_forgotten() {
        let store = MemoryCounters::new(SHARDS);
        let window = [Window { name: "day", start: 0, end: 86_400, limit: 5 }];
        for _ in 0..7 {
            store.count_now("heavy", &window, 1);
        }
        for stranger in 0..5_000 {
            store.count_now(&format!("stranger {stranger}"), &window, 1);
            store.count_now("heavy", &window, 1);
        }
        assert!(store.len() <= SHARDS, "{}", store.len());
    }

    #[test]
    fn who_has_no_window_left_is_forgotten_first() {
        let store = MemoryCounters::new(1);
        let window = |start| [Window { name: "second", start, end: start + 1, limit: 5 }];
        for second in 0..1_000 {
            store.count_now(&format!("{second}"), &window(second), second);
        }
        assert!(store.len() <= SHARDS, "{}", store.len());
        assert!(!store.is_empty());
    }
}

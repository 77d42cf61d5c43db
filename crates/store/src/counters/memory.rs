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
    /// Everybody's name, to look at a few anywhere.
    names: Vec<Box<str>>,
    /// Where the next look begins.
    next: usize,
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
            shard.names.push(who.into());
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
            let counted = &mut self.counted;
            counted.retain(|_, counters| counters.iter().any(|counter| counter.end > now));
            self.names.retain(|name| counted.contains_key(name));
            if self.counted.len() < room {
                return;
            }
        }
        let most = |counters: &[Counter]| counters.iter().map(|counter| counter.count).max().unwrap_or(0);
        // From another place each time, so that no caller is looked at again and again while others never are.
        let looked_at =
            (0..LOOKED_AT.min(self.names.len())).map(|step| (self.next + step) % self.names.len());
        let counted = |place: &usize| self.names.get(*place).and_then(|name| self.counted.get(name));
        let least = looked_at.min_by_key(|place| counted(place).map_or(0, |counters| most(counters)));
        self.next = self.next.wrapping_add(LOOKED_AT) % self.names.len().max(1);
        if let Some(place) = least {
            let name = self.names.swap_remove(place);
            self.counted.remove(&name);
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
    fn who_is_given_up_is_looked_for_everywhere() {
        let store = MemoryCounters::new(SHARDS * 64);
        let window = [Window { name: "day", start: 0, end: 86_400, limit: 1000 }];
        let mut first: Vec<String> = (0..SHARDS * 64).map(|number| format!("first {number}")).collect();
        for who in &first {
            store.count_now(who, &window, 1);
        }
        for stranger in 0..SHARDS * 64 * 8 {
            store.count_now(&format!("stranger {stranger}"), &window, 1);
        }
        first.retain(|who| store.count_now(who, &[Window { limit: 0, ..window[0] }], 1) != [0]);
        // Who was counted as little as everybody else does not stay because of the place it has.
        assert!(first.len() < SHARDS * 8, "{}", first.len());
        for shard in &store.shards {
            let shard = shard.lock();
            assert_eq!(shard.names.len(), shard.counted.len());
        }
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

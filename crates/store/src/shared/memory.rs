use std::collections::{BTreeSet, HashMap};
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::{SharedFault, SharedStore};
use crate::BoxFuture;

/// What an entry takes beside its key and its value, roughly.
const OVERHEAD: usize = 160;

/// Values in the memory of this process, bounded by their number and their bytes.
///
/// A value that lives is never given up for another: when there is no room, writing is a fault.
pub struct MemoryShared {
    state: RwLock<State>,
    max_entries: usize,
    max_bytes: usize,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
}

#[derive(Default)]
struct State {
    values: HashMap<Arc<str>, Entry>,
    /// By their end, for forgetting them.
    ends: BTreeSet<(Instant, Arc<str>)>,
    bytes: usize,
}

struct Entry {
    value: Vec<u8>,
    end: Instant,
}

impl MemoryShared {
    /// Room for so many values, and so many bytes of them all.
    #[must_use]
    pub fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self::with_clock(max_entries, max_bytes, Instant::now)
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(
        max_entries: usize,
        max_bytes: usize,
        now: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Self {
        Self { state: RwLock::default(), max_entries, max_bytes, now: Box::new(now) }
    }

    /// How many values are held, those among them whose life is over but that were not forgotten yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.read().values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn value(&self, key: &str) -> Option<Vec<u8>> {
        let now = (self.now)();
        let state = self.state.read();
        state.values.get(key).filter(|entry| entry.end > now).map(|entry| entry.value.clone())
    }

    /// Writes, unless `only_absent` and there is one; whether it did.
    fn write(
        &self,
        key: &str,
        value: &[u8],
        lives: Duration,
        only_absent: bool,
    ) -> Result<bool, SharedFault> {
        let now = (self.now)();
        let mut state = self.state.write();
        state.forget(now);
        if only_absent && state.values.contains_key(key) {
            return Ok(false);
        }
        // A life that ends beyond all time ends in a hundred years.
        let century = Duration::from_secs(3_155_760_000);
        let end = now.checked_add(lives.min(century)).unwrap_or(now);
        let old = state.values.get(key).map_or(0, |entry| size(key, &entry.value));
        let bytes = state.bytes.saturating_sub(old).saturating_add(size(key, value));
        if bytes > self.max_bytes || (old == 0 && state.values.len() >= self.max_entries) {
            return Err(SharedFault("the memory for shared values is full".to_owned()));
        }
        state.remove(key);
        let key: Arc<str> = key.into();
        state.bytes = bytes;
        state.ends.insert((end, Arc::clone(&key)));
        state.values.insert(key, Entry { value: value.to_vec(), end });
        Ok(true)
    }
}

impl State {
    fn forget(&mut self, now: Instant) {
        while let Some((end, _)) = self.ends.first()
            && *end <= now
            && let Some((_, key)) = self.ends.pop_first()
        {
            if let Some(entry) = self.values.remove(&key) {
                self.bytes = self.bytes.saturating_sub(size(&key, &entry.value));
            }
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some((key, entry)) = self.values.remove_entry(key) {
            self.bytes = self.bytes.saturating_sub(size(&key, &entry.value));
            self.ends.remove(&(entry.end, key));
        }
    }
}

fn size(key: &str, value: &[u8]) -> usize {
    key.len().saturating_add(value.len()).saturating_add(OVERHEAD)
}

impl SharedStore for MemoryShared {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, SharedFault>> {
        Box::pin(ready(Ok(self.value(key))))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFault>> {
        Box::pin(ready(self.write(key, value, lives, false).map(drop)))
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<bool, SharedFault>> {
        Box::pin(ready(self.write(key, value, lives, true)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SharedFault>> {
        self.state.write().remove(key);
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A store whose time is moved by hand.
    fn store(max_entries: usize, max_bytes: usize) -> (Arc<AtomicU64>, MemoryShared) {
        let (start, seconds) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let told = Arc::clone(&seconds);
        let now = move || start + Duration::from_secs(told.load(Ordering::Relaxed));
        (seconds, MemoryShared::with_clock(max_entries, max_bytes, now))
    }

    const LIFE: Duration = Duration::from_secs(10);

    #[test]
    fn a_full_memory_refuses_and_gives_up_no_living_value() {
        let (seconds, store) = store(2, 10_000);
        for key in ["a", "b"] {
            assert_eq!(store.write(key, b"1", LIFE, true), Ok(true));
        }
        assert!(store.write("c", b"1", LIFE, true).is_err());
        assert_eq!(store.write("a", b"2", LIFE, false), Ok(true));
        assert_eq!(store.value("a").unwrap(), b"2");
        assert_eq!(store.value("b").unwrap(), b"1");
        seconds.store(10, Ordering::Relaxed);
        assert_eq!(store.value("b"), None);
        assert_eq!(store.write("c", b"1", LIFE, true), Ok(true));
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn bytes_are_bounded_and_come_back() {
        let (_, store) = store(100, 1000 + OVERHEAD);
        assert!(store.write("k", &[0; 1000], LIFE, false).is_err());
        assert_eq!(store.write("k", &[0; 999], LIFE, false), Ok(true));
        assert!(store.write("l", b"", LIFE, false).is_err());
        store.state.write().remove("k");
        assert_eq!(store.state.read().bytes, 0);
        assert!(store.state.read().ends.is_empty());
    }

    #[test]
    fn a_value_written_again_lives_by_its_new_life() {
        let (seconds, store) = store(10, 10_000);
        store.write("k", b"1", LIFE, false).unwrap();
        seconds.store(9, Ordering::Relaxed);
        store.write("k", b"2", LIFE, false).unwrap();
        seconds.store(18, Ordering::Relaxed);
        assert_eq!(store.value("k").unwrap(), b"2");
        assert_eq!(store.write("k", b"3", LIFE, true), Ok(false));
        seconds.store(19, Ordering::Relaxed);
        assert_eq!(store.write("k", b"3", Duration::MAX, true), Ok(true));
    }
}

use std::cell::RefCell;
use std::sync::Arc;

/// Places of one thread.
const PLACES: usize = 256;

/// What one thread looked up last: a request like one before it finds its counters without a lock and without comparing
/// names. What is kept holds what it is recognised by, so that an address never stands for something new.
pub(super) struct Recent<K, V>(RefCell<Vec<Option<(K, V)>>>);

impl<K, V> Recent<K, V> {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Shows what is kept for this mark to `found`, when `is` recognises it. Answers whether it was there.
    pub(super) fn find(&self, mark: usize, is: impl FnOnce(&K) -> bool, found: impl FnOnce(&V)) -> bool {
        let places = self.0.borrow();
        match places.get(mark % PLACES) {
            Some(Some((key, value))) if is(key) => {
                found(value);
                true
            }
            _ => false,
        }
    }

    /// Keeps something for this mark, in place of what was there.
    pub(super) fn keep(&self, mark: usize, key: K, value: V) {
        let mut places = self.0.borrow_mut();
        if places.is_empty() {
            places.resize_with(PLACES, || None);
        }
        if let Some(place) = places.get_mut(mark % PLACES) {
            *place = Some((key, value));
        }
    }
}

/// Mixes numbers into one whose low bits differ where they do.
pub(super) fn mark(parts: &[usize]) -> usize {
    parts.iter().fold(0_usize, |mark, part| {
        let mixed = (mark.rotate_left(7) ^ part).wrapping_mul(0x9E37_79B9);
        mixed ^ (mixed >> 15)
    })
}

/// Where a name is; 0 for none.
pub(super) fn address(name: Option<&Arc<str>>) -> usize {
    name.map_or(0, |name| name.as_ptr().addr())
}

/// Whether two names are the same one, and not only equal.
pub(super) fn is_same(one: Option<&Arc<str>>, other: Option<&Arc<str>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

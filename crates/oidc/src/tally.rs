//! Counters that many threads add to and nobody waits for.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Threads beyond so many share a place with another one.
const PLACES: usize = 16;

thread_local! {
    static OWN: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Relaxed) % PLACES
    };
}

/// `N` counters. Each thread adds at a place of its own, so that no core waits for another; whoever reads adds up.
#[derive(Debug)]
pub struct Tally<const N: usize>(Box<[Place<N>]>);

#[derive(Debug)]
#[repr(align(64))]
struct Place<const N: usize>([AtomicU64; N]);

/// The calling thread's place among sixteen, for whoever keeps something for each.
#[must_use]
pub fn own_place() -> usize {
    OWN.with(|own| *own)
}

impl<const N: usize> Tally<N> {
    /// Counts one more of the kind `which`; one that there is not is not counted.
    pub fn count(&self, which: usize) {
        self.add(which, 1);
    }

    /// Adds to a counter.
    pub fn add(&self, which: usize, more: u64) {
        if let Some(counter) = self.0.get(own_place()).and_then(|place| place.0.get(which)) {
            counter.fetch_add(more, Relaxed);
        }
    }

    /// The counters, added up over all threads.
    #[must_use]
    pub fn sums(&self) -> [u64; N] {
        let mut sums = [0_u64; N];
        for place in &self.0 {
            for (sum, counter) in sums.iter_mut().zip(&place.0) {
                *sum = sum.wrapping_add(counter.load(Relaxed));
            }
        }
        sums
    }
}

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Place(std::array::from_fn(|_| AtomicU64::new(0)))).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn sums_are_over_all_threads_and_what_there_is_not_is_not_counted() {
        let tally = Arc::new(Tally::<2>::default());
        let counting = (0..2 * PLACES).map(|_| {
            let tally = Arc::clone(&tally);
            std::thread::spawn(move || {
                tally.count(0);
                tally.add(1, 10);
                tally.count(2);
            })
        });
        counting.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(tally.sums(), [32, 320]);
    }
}

/// Records that end in one stretch of time: an open-addressing set of 16-byte digests.
///
/// At most three quarters of the places are taken, and growing adds half: a record comes to between 21 and 32 bytes.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    places: Box<[u128]>,
    taken: usize,
}

/// Whether a digest was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    New,
    There,
}

const LEAST: usize = 16;

impl Bucket {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// Bytes that its places take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    pub(super) fn contains(&self, digest: u128) -> bool {
        !self.places.is_empty() && self.find(occupied(digest)).is_ok()
    }

    pub(super) fn put(&mut self, digest: u128) -> Put {
        let digest = occupied(digest);
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        match self.find(digest) {
            Ok(_) => Put::There,
            Err(free) => {
                if let Some(place) = free.and_then(|index| self.places.get_mut(index)) {
                    *place = digest;
                    self.taken += 1;
                }
                Put::New
            }
        }
    }

    /// The place of a digest, or the free one where it would go.
    fn find(&self, digest: u128) -> Result<usize, Option<usize>> {
        let size = self.places.len();
        let start = home(digest, size);
        for step in 0..size {
            let index = (start + step) % size;
            match self.places.get(index) {
                Some(0) => return Err(Some(index)),
                Some(found) if *found == digest => return Ok(index),
                _ => {}
            }
        }
        Err(None)
    }

    fn grow(&mut self) {
        let size = (self.places.len() + self.places.len() / 2).max(LEAST);
        let old = std::mem::replace(&mut self.places, vec![0; size].into_boxed_slice());
        for digest in old.into_iter().filter(|digest| *digest != 0) {
            if let Err(Some(free)) = self.find(digest)
                && let Some(place) = self.places.get_mut(free)
            {
                *place = digest;
            }
        }
    }
}

/// Zero marks a free place. A digest that is zero by chance, once in 2^128, is taken for one.
const fn occupied(digest: u128) -> u128 {
    if digest == 0 { 1 } else { digest }
}

/// Digests are random, so their low bits are as good as a hash.
fn home(digest: u128, size: usize) -> usize {
    usize::try_from(digest & u128::from(u64::MAX >> 1)).unwrap_or(0) % size.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digest_is_new_once() {
        let mut bucket = Bucket::default();
        for digest in 0..10_000_u128 {
            assert_eq!(
                bucket.put(digest.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) + 2),
                Put::New,
                "{digest}"
            );
        }
        for digest in 0..10_000_u128 {
            let digest = digest.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) + 2;
            assert!(bucket.contains(digest));
            assert_eq!(bucket.put(digest), Put::There);
        }
        assert_eq!(bucket.len(), 10_000);
        assert!(bucket.places.len() * 16 <= 10_000 * 32, "{} places", bucket.places.len());
    }
}

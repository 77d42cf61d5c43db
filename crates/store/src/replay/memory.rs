use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::bucket::{Bucket, Put};
use super::quota::Quota;
use super::{Recorded, ReplayFault, ReplayRecord, ReplayStore};
use crate::BoxFuture;

const SHARDS: usize = 64;
/// Seconds of one bucket. A record is forgotten at most this long after its end.
const STRETCH: i64 = 64;

/// Replay records in memory: sharded by digest, in buckets by their end, bounded, and never evicting a live record.
///
/// A record takes at most 32 bytes. The quota of a key is counted apart, in memory that does not grow with the keys.
pub struct MemoryReplay {
    shards: Vec<Mutex<Shard>>,
    quota: Quota,
    swept: AtomicI64,
    live: AtomicU64,
    max_entries: u64,
}

struct Shard {
    buckets: BTreeMap<i64, Bucket>,
    /// The newest bucket that was dropped.
    forgotten: i64,
}

impl MemoryReplay {
    /// Room for so many live records, and for so many of one key.
    #[must_use]
    pub fn new(max_entries: u64, max_entries_per_key: u64) -> Self {
        Self {
            shards: (0..SHARDS)
                .map(|_| Mutex::new(Shard { buckets: BTreeMap::new(), forgotten: i64::MIN }))
                .collect(),
            quota: Quota::new(max_entries_per_key),
            swept: AtomicI64::new(0),
            live: AtomicU64::new(0),
            max_entries,
        }
    }

    /// Records a proof unless it is there already.
    pub fn record(&self, record: &ReplayRecord, now: i64) -> Recorded {
        let digest = u128::from_le_bytes(record.id);
        let Some(shard) = self.shards.get(index(&record.id)) else { return Recorded::Full };
        let end = stretch(record.until);
        self.sweep(now);
        let mut shard = shard.lock();
        Self::forget(&mut shard, now, &self.live);
        // Only after a clock that jumped ahead and came back can a valid proof end where records were forgotten.
        if end <= shard.forgotten {
            return Recorded::Seen;
        }
        if shard.buckets.values().any(|bucket| bucket.contains(digest)) {
            return Recorded::Seen;
        }
        if self.live.fetch_add(1, Ordering::Relaxed) >= self.max_entries {
            self.live.fetch_sub(1, Ordering::Relaxed);
            return Recorded::Full;
        }
        if let Err(next_end) = self.quota.count(&record.key, end) {
            self.live.fetch_sub(1, Ordering::Relaxed);
            let wait = next_end.saturating_add(STRETCH).saturating_sub(now).max(1);
            return Recorded::KeyQuota { retry_after: u64::try_from(wait).unwrap_or(1) };
        }
        match shard.buckets.entry(end).or_default().put(digest) {
            Put::New => Recorded::Fresh,
            Put::There => Recorded::Seen,
        }
    }

    /// Once a stretch, every shard forgets and the quotas are taken off, also where no request comes by.
    fn sweep(&self, now: i64) {
        let swept = self.swept.load(Ordering::Relaxed);
        if now.abs_diff(swept) < STRETCH.unsigned_abs()
            || self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        for shard in &self.shards {
            Self::forget(&mut shard.lock(), now, &self.live);
        }
        self.quota.forget(now.saturating_sub(STRETCH).saturating_add(1));
    }

    /// Drops the buckets whose every record has ended.
    fn forget(shard: &mut Shard, now: i64, live: &AtomicU64) {
        while let Some(first) = shard.buckets.first_entry() {
            if first.key().saturating_add(STRETCH) > now {
                break;
            }
            shard.forgotten = shard.forgotten.max(*first.key());
            let ended = u64::try_from(first.remove().len()).unwrap_or(u64::MAX);
            live.fetch_sub(ended, Ordering::Relaxed);
        }
    }
}

impl ReplayStore for MemoryReplay {
    fn put_if_absent<'a>(
        &'a self,
        record: ReplayRecord,
        now: i64,
    ) -> BoxFuture<'a, Result<Recorded, ReplayFault>> {
        Box::pin(std::future::ready(Ok(self.record(&record, now))))
    }

    fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    fn most(&self) -> Option<u64> {
        Some(self.max_entries)
    }

    fn bytes(&self) -> u64 {
        let of = |shard: &Mutex<Shard>| shard.lock().buckets.values().map(Bucket::bytes).sum::<usize>();
        self.shards.iter().map(|shard| u64::try_from(of(shard)).unwrap_or(u64::MAX)).sum()
    }
}

/// The first second of the stretch in which a record ends.
const fn stretch(until: i64) -> i64 {
    until.div_euclid(STRETCH) * STRETCH
}

fn index(digest: &[u8; 16]) -> usize {
    // The low bits choose the place in a bucket, so the shard comes from the other end.
    digest.last().map_or(0, |byte| usize::from(*byte) % SHARDS)
}

#[cfg(test)]
mod tests;

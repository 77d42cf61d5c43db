use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;

fn record(id: u64, key: u8, until: i64) -> ReplayRecord {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&id.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    digest[8..].copy_from_slice(&(id ^ 0x5bd1_e995).wrapping_mul(0xff51_afd7_ed55_8ccd).to_le_bytes());
    ReplayRecord { id: digest, key: [key; 16], until, ..ReplayRecord::default() }
}

#[test]
fn a_proof_is_fresh_once_and_seen_until_its_end() {
    let store = MemoryReplay::new(100, 100);
    let proof = record(1, 1, 1310);
    assert_eq!(store.record(&proof, 1000), Recorded::Fresh);
    for now in [1000, 1001, 1309, 1310] {
        assert_eq!(store.record(&proof, now), Recorded::Seen, "{now}");
    }
    assert_eq!(store.live(), 1);
}

#[test]
fn records_are_forgotten_after_their_end_and_make_room() {
    let store = MemoryReplay::new(2, 100);
    assert_eq!(store.record(&record(1, 1, 1310), 1000), Recorded::Fresh);
    assert_eq!(store.record(&record(2, 1, 1310), 1000), Recorded::Fresh);
    assert_eq!(store.record(&record(3, 1, 1310), 1000), Recorded::Full);
    assert_eq!(store.record(&record(1, 1, 1310), 1310), Recorded::Seen, "a live record is never evicted");
    assert_eq!(store.record(&record(3, 1, 5000), 1400), Recorded::Fresh);
    assert_eq!(store.record(&record(4, 1, 5000), 1400), Recorded::Fresh);
    assert_eq!(store.live(), 2);
    assert_eq!(store.record(&record(5, 1, 5000), 1400), Recorded::Full);
}

#[test]
fn a_clock_that_steps_back_or_forth_reopens_nothing_that_can_still_be_valid() {
    let store = MemoryReplay::new(100, 100);
    let proof = record(1, 1, 1310);
    assert_eq!(store.record(&proof, 1000), Recorded::Fresh);
    assert_eq!(store.record(&proof, 900), Recorded::Seen);
    assert_eq!(store.record(&record(2, 1, 1210), 900), Recorded::Fresh);
    assert_eq!(store.record(&record(3, 1, 90_000), 86_400), Recorded::Fresh, "a jump of a day");
    assert_eq!(store.record(&proof, 1005), Recorded::Seen, "and back");
    assert_eq!(store.record(&record(2, 1, 1210), 1005), Recorded::Seen);
    assert_eq!(store.record(&record(4, 1, 1400), 1090), Recorded::Fresh, "new proofs pass soon after");
}

#[test]
fn one_key_over_its_quota_is_held_back_alone() {
    let store = MemoryReplay::new(1000, 3);
    for id in 0..3 {
        assert_eq!(store.record(&record(id, 1, 1310), 1000), Recorded::Fresh);
    }
    assert!(
        matches!(store.record(&record(3, 1, 1310), 1000), Recorded::KeyQuota { retry_after } if retry_after > 0)
    );
    assert_eq!(store.record(&record(4, 2, 1310), 1000), Recorded::Fresh);
    assert_eq!(store.record(&record(0, 1, 1310), 1000), Recorded::Seen);
    assert_eq!(store.live(), 4);
    assert_eq!(store.record(&record(5, 1, 1700), 1400), Recorded::Fresh);
}

#[test]
fn of_many_threads_with_one_proof_exactly_one_is_fresh() {
    let store = Arc::new(MemoryReplay::new(1_000_000, 1_000_000));
    for id in 0..200 {
        let fresh = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    if store.record(&record(id, 1, 1310), 1000) == Recorded::Fresh {
                        fresh.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(fresh.into_inner(), 1);
    }
}

#[test]
fn a_million_records_stay_within_thirty_two_bytes_each() {
    let store = MemoryReplay::new(1_000_000, 1_000_000);
    for id in 0..1_000_000 {
        assert_eq!(store.record(&record(id, 1, 1310), 1000), Recorded::Fresh);
    }
    assert_eq!(store.record(&record(1_000_001, 1, 1310), 1000), Recorded::Full);
    let places: usize = store
        .shards
        .iter()
        .map(|shard| shard.lock().buckets.values().map(Bucket::places).sum::<usize>())
        .sum();
    assert!(places * 16 <= 32 * 1_000_000, "{} bytes", places * 16);
}

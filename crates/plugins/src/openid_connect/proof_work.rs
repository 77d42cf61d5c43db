//! How much dear signature work one source may cause.
//!
//! A client chooses the key of its proofs. Most keys cost as little to check as P-256, and are not bounded here. A check with RSA
//! of 8192 bits costs as much as many of those: without a bound, one client with a good token could keep the processors from
//! everybody else. Each source has a budget that fills up with time; what is beyond it is refused before the check is made.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use keybound_pop::jwk::{PreparedKey, Work};
use keybound_pop::proof::{KeyCache, ProofHeader};
use keybound_pop::time::UnixTime;

/// Places for sources, 128 KiB of memory in all. Sources that fall on one place share its budget; which ones do is secret.
const PLACES: usize = 16 * 1024;
/// Microseconds for which a source may save its budget up.
const BURST: u64 = 2_000_000;

/// The dear signature checks of this process.
#[derive(Debug)]
pub(crate) struct ProofWork {
    /// How many checks' worth of P-256 a source may cause in a second; 0: no bound.
    limit: u32,
    /// Made when the first dear key comes: most gateways never see one.
    places: OnceLock<Places>,
    checked: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct Places {
    /// For each place, the microsecond up to which its budget is spent.
    spent_until: Box<[AtomicU64]>,
    seed: RandomState,
}

/// How many signature checks by dear keys there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DearChecks {
    /// Those that were made.
    pub made: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// The keys of proofs, as one request may use them.
pub(super) struct Metered<'a> {
    pub(super) keys: &'a dyn KeyCache,
    pub(super) work: &'a ProofWork,
    pub(super) source: IpAddr,
    pub(super) now: UnixTime,
}

impl ProofWork {
    /// The default for how many checks' worth of P-256 one source may cause in a second: an eighth of a processor.
    pub(crate) const LIMIT: u32 = 2000;

    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, places: OnceLock::new(), checked: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> DearChecks {
        DearChecks { made: self.checked.load(Relaxed), refused: self.refused.load(Relaxed) }
    }

    /// Takes work out of the source's budget, unless it is spent.
    fn affords(&self, work: Work, source: IpAddr, now: UnixTime) -> bool {
        if !work.is_dear() {
            return true;
        }
        let affords = self.limit == 0 || self.places().take(source, cost(work, self.limit), self.most(), now);
        if affords { &self.checked } else { &self.refused }.fetch_add(1, Relaxed);
        affords
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places {
            spent_until: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            seed: RandomState::new(),
        })
    }

    /// What the dearest check costs.
    fn most(&self) -> u64 {
        cost(Work::MOST, self.limit)
    }
}

impl Places {
    fn take(&self, source: IpAddr, cost: u64, most: u64, now: UnixTime) -> bool {
        let Some(place) = self.place(source) else { return false };
        let now = micros(now);
        let taken = place.fetch_update(Relaxed, Relaxed, |spent_until| {
            // Further ahead than anything spends: the clock went back.
            let from =
                if spent_until > now.saturating_add(BURST.max(most)) { now } else { spent_until.max(now) };
            let until = from.saturating_add(cost);
            // One check is always affordable to who has spent nothing.
            (until - now <= BURST.max(cost)).then_some(until)
        });
        taken.is_ok()
    }

    fn place(&self, source: IpAddr) -> Option<&AtomicU64> {
        let hash = match source.to_canonical() {
            IpAddr::V4(address) => self.seed.hash_one(address),
            // Whoever has one address has the network of its last 64 bits.
            IpAddr::V6(address) => self.seed.hash_one(u128::from(address) >> 64),
        };
        let places = u64::try_from(self.spent_until.len()).ok()?;
        self.spent_until.get(usize::try_from(hash.checked_rem(places)?).ok()?)
    }
}

/// The microseconds of a source's budget that this work takes.
fn cost(work: Work, limit: u32) -> u64 {
    (u64::from(work.hundredths()) * 10_000).checked_div(u64::from(limit)).unwrap_or(0)
}

fn micros(time: UnixTime) -> u64 {
    let secs = u64::try_from(time.secs()).unwrap_or(0);
    secs.saturating_mul(1_000_000).saturating_add(u64::from(time.subsec_nanos() / 1000))
}

impl KeyCache for Metered<'_> {
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
        self.keys.find(segment)
    }

    fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
        self.keys.keep(segment, header);
    }

    fn affords(&self, header: &ProofHeader) -> bool {
        self.work.affords(header.key().work(), self.source, self.now)
    }

    fn prepared(&self, header: &ProofHeader) -> Option<Arc<PreparedKey>> {
        self.keys.prepared(header)
    }
}

#[cfg(test)]
mod tests {
    use keybound_pop::jwk::PublicKey;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn rsa(bits: usize) -> Work {
        let modulus = keybound_pop::base64url::encode(&vec![0xff; bits / 8]);
        let jwk = json!({"kty": "RSA", "n": modulus, "e": "AQAB"});
        PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap().work()
    }

    /// How many checks in a row a source gets.
    fn granted(work: &ProofWork, what: Work, source: &str, secs: i64) -> usize {
        let source = source.parse().unwrap();
        (0..100_000).take_while(|_| work.affords(what, source, UnixTime::from_secs(secs))).count()
    }

    #[test]
    fn a_source_gets_its_budget_of_two_seconds_then_what_comes_in_with_time_and_no_other_source_pays() {
        let work = ProofWork::new(1000);
        let one = rsa(8192);
        let second = 100_000 / one.hundredths() as usize;
        let close = |got: usize, wanted: usize| assert!(got.abs_diff(wanted) <= 1, "{got} {wanted}");
        close(granted(&work, one, "192.0.2.1", NOW), 2 * second);
        assert_eq!(granted(&work, one, "192.0.2.1", NOW), 0);
        close(granted(&work, one, "192.0.2.2", NOW), 2 * second);
        close(granted(&work, one, "192.0.2.1", NOW + 1), second);
        close(granted(&work, one, "192.0.2.1", NOW + 1000), 2 * second);
    }

    #[test]
    fn keys_as_cheap_as_p256_are_never_refused_nor_counted() {
        let work = ProofWork::new(1);
        for cheap in [Work::PLAIN, rsa(2048), rsa(4096)] {
            assert_eq!(granted(&work, cheap, "192.0.2.1", NOW), 100_000);
        }
        assert_eq!(work.counts(), DearChecks { made: 0, refused: 0 });
        assert!(work.places.get().is_none(), "nor is memory taken for them");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let work = ProofWork::new(1000);
        assert!(granted(&work, rsa(8192), "2001:db8::1", NOW) > 0);
        assert_eq!(granted(&work, rsa(8192), "2001:db8::ffff:2", NOW), 0);
        assert!(granted(&work, rsa(8192), "2001:db8:0:1::1", NOW) > 0);
        assert!(granted(&work, rsa(8192), "192.0.2.1", NOW) > 0);
        assert_eq!(
            granted(&work, rsa(8192), "::ffff:192.0.2.1", NOW),
            0,
            "and IPv4 is IPv4 however it is written"
        );
    }

    #[test]
    fn a_check_dearer_than_the_whole_budget_passes_once() {
        let work = ProofWork::new(1);
        assert_eq!(granted(&work, Work::MOST, "192.0.2.1", NOW), 1);
        assert_eq!(granted(&work, Work::MOST, "192.0.2.1", NOW + 2), 0);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let work = ProofWork::new(1000);
        assert!(granted(&work, rsa(8192), "192.0.2.1", NOW) > 0);
        assert!(granted(&work, rsa(8192), "192.0.2.1", NOW - 3600) > 0);
    }

    #[test]
    fn without_a_limit_all_pass_and_are_counted() {
        let work = ProofWork::new(0);
        assert_eq!(granted(&work, rsa(8192), "192.0.2.1", NOW), 100_000);
        assert_eq!(work.counts(), DearChecks { made: 100_000, refused: 0 });
    }
}

//! Introspection answers that are kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keybound_pop::time::UnixTime;
use moka::Expiry;
use moka::sync::Cache;

use super::CacheTimes;
use crate::fault::TokenFault;
use crate::token::VerifiedToken;

/// What an introspection came to.
pub(super) type Verdict = Result<Arc<VerifiedToken>, TokenFault>;

/// How long a refusal is kept where the configuration does not say.
const NEGATIVE: Duration = Duration::from_secs(5);

/// Kept answers, by the hash of token and request.
pub(super) struct AnswerCache {
    entries: Cache<[u8; 32], Entry>,
    times: CacheTimes,
}

#[derive(Clone)]
struct Entry {
    verdict: Verdict,
    /// First second in which it is old.
    fresh_until: i64,
    /// First second in which it no longer holds, even while the provider fails.
    usable_until: i64,
    weight: u32,
    keep: Duration,
}

/// What the cache knows.
pub(super) enum Kept {
    /// A verdict that holds.
    Fresh(Verdict),
    /// A verdict that holds only while the provider fails.
    Stale(Arc<VerifiedToken>),
    /// Nothing.
    Nothing,
}

impl AnswerCache {
    pub(super) fn new(times: CacheTimes) -> Self {
        let entries = Cache::builder()
            .max_capacity(times.max_bytes)
            .weigher(|_: &[u8; 32], entry: &Entry| entry.weight)
            .expire_after(UntilEnd)
            .build();
        Self { entries, times }
    }

    /// How many answers there are, about.
    pub(super) fn len(&self) -> u64 {
        self.entries.entry_count()
    }

    /// What is known at `now`. The token's own times are looked at again.
    pub(super) fn lookup(&self, key: &[u8; 32], now: UnixTime) -> Kept {
        let Some(entry) = self.entries.get(key) else { return Kept::Nothing };
        match entry.verdict {
            verdict if now.secs() < entry.fresh_until => Kept::Fresh(verdict.and_then(|token| {
                token.validity.check(now)?;
                Ok(token)
            })),
            Ok(token) if now.secs() < entry.usable_until && token.validity.check(now).is_ok() => {
                Kept::Stale(token)
            }
            _ => Kept::Nothing,
        }
    }

    /// How many seconds an accepted token's answer is fresh.
    pub(super) fn freshness(&self, token: &VerifiedToken, now: UnixTime) -> i64 {
        self.positive(token, now.secs()).0
    }

    /// Keeps a verdict for as long as the times allow, and no longer than until `latest`; `size` is that of the answer in
    /// bytes.
    pub(super) fn keep(
        &self,
        key: [u8; 32],
        verdict: &Verdict,
        size: usize,
        now: UnixTime,
        latest: Option<i64>,
    ) {
        let (fresh, usable) = match verdict {
            Ok(token) => self.positive(token, now.secs()),
            Err(_) => {
                let seconds = seconds(self.times.negative.unwrap_or(NEGATIVE));
                (seconds, seconds)
            }
        };
        let left = latest.map_or(i64::MAX, |latest| latest.saturating_sub(now.secs()));
        let (fresh, usable) = (fresh.min(left), usable.min(left));
        let Some(keep) = u64::try_from(usable).ok().filter(|keep| *keep > 0) else { return };
        let size = if verdict.is_ok() { size } else { 0 };
        self.entries.insert(
            key,
            Entry {
                verdict: verdict.clone(),
                fresh_until: now.secs().saturating_add(fresh),
                usable_until: now.secs().saturating_add(usable),
                // Parsed claims take about four times the room of their text.
                weight: u32::try_from(size.saturating_mul(4).saturating_add(256)).unwrap_or(u32::MAX),
                keep: Duration::from_secs(keep),
            },
        );
    }

    /// Seconds for which an accepted token's answer is fresh, and usable: the time to `exp` or else `ttl`, within `min`
    /// and `max`, and never beyond `exp`.
    fn positive(&self, token: &VerifiedToken, now: i64) -> (i64, i64) {
        let CacheTimes { ttl, min, max, resurrect, .. } = self.times;
        let left = token.expires.map(|expires| expires.secs().saturating_sub(now));
        let mut fresh = left.unwrap_or(seconds(ttl));
        fresh = min.map_or(fresh, |min| fresh.max(seconds(min)));
        fresh = max.map_or(fresh, |max| fresh.min(seconds(max)));
        let left = left.unwrap_or(i64::MAX);
        let usable = fresh.saturating_add(resurrect.map_or(0, seconds));
        (fresh.min(left), usable.min(left))
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

struct UntilEnd;

impl Expiry<[u8; 32], Entry> for UntilEnd {
    fn expire_after_create(&self, _: &[u8; 32], entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.keep)
    }

    fn expire_after_update(
        &self,
        _: &[u8; 32],
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.keep)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::{Source, Validity};

    fn token(claims: serde_json::Value) -> Verdict {
        let claims = claims.as_object().unwrap().clone();
        let validity = Validity::read(&claims, 0).unwrap();
        VerifiedToken::new("i".into(), claims, validity, Source::Introspection).map(Arc::new)
    }

    /// The last seconds from 1000 at which a verdict is fresh and usable.
    fn lasting(times: CacheTimes, verdict: &Verdict) -> (Option<i64>, Option<i64>) {
        let cache = AnswerCache::new(times);
        cache.keep([0; 32], verdict, 10, UnixTime::from_secs(1000), None);
        let at = |second: i64| cache.lookup(&[0; 32], UnixTime::from_secs(1000 + second));
        let fresh = (0..200).take_while(|second| matches!(at(*second), Kept::Fresh(_))).last();
        let usable = (0..200).take_while(|second| !matches!(at(*second), Kept::Nothing)).last();
        (fresh, usable)
    }

    fn s(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn an_answer_is_kept_until_exp_or_for_the_ttl_within_the_bounds() {
        let times = CacheTimes { ttl: Duration::from_secs(50), ..Default::default() };
        assert_eq!(lasting(times, &token(json!({"exp": 1100}))).0, Some(99));
        assert_eq!(lasting(times, &token(json!({}))).0, Some(49));
        assert_eq!(lasting(CacheTimes { max: s(20), ..times }, &token(json!({"exp": 1100}))).0, Some(19));
        assert_eq!(lasting(CacheTimes { min: s(80), ..times }, &token(json!({}))).0, Some(79));
    }

    #[test]
    fn no_minimum_carries_an_answer_beyond_exp() {
        let times = CacheTimes { min: s(150), resurrect: s(150), ..Default::default() };
        assert_eq!(lasting(times, &token(json!({"exp": 1100}))), (Some(99), Some(99)));
    }

    #[test]
    fn a_resurrected_answer_ends_with_its_grace() {
        let times = CacheTimes { max: s(20), resurrect: s(30), ..Default::default() };
        assert_eq!(lasting(times, &token(json!({"exp": 1100}))), (Some(19), Some(49)));
    }

    #[test]
    fn a_refusal_is_kept_briefly() {
        let refused = Err(TokenFault::Inactive);
        assert_eq!(lasting(CacheTimes::default(), &refused), (Some(4), Some(4)));
        assert_eq!(lasting(CacheTimes { negative: s(9), ..Default::default() }, &refused).0, Some(8));
        assert_eq!(lasting(CacheTimes { negative: s(0), ..Default::default() }, &refused).0, None);
    }
}

//! The bound on calls for tokens that nobody knows.

use keybound_pop::time::UnixTime;
use parking_lot::Mutex;

/// A bound on calls a second, in fixed windows of whole seconds: one second for rates of one and more, longer for less.
pub(super) struct RateBound {
    window: i64,
    allowance: u64,
    used: Mutex<(i64, u64)>,
}

impl RateBound {
    /// At most `rate` calls a second; a rate that is not positive allows none but one a day.
    pub(super) fn new(rate: f64) -> Self {
        const DAY: f64 = 86_400.0;
        let rate = if rate.is_finite() { rate.max(1.0 / DAY) } else { f64::MAX };
        let window = (1.0 / rate).ceil().clamp(1.0, DAY);
        Self {
            window: window as i64,
            allowance: (rate * window).floor().max(1.0) as u64,
            used: Mutex::new((0, 0)),
        }
    }

    /// Takes one call.
    ///
    /// # Errors
    /// The seconds until the next call is possible.
    pub(super) fn take(&self, now: UnixTime) -> Result<(), u64> {
        let window = now.secs().div_euclid(self.window);
        let mut used = self.used.lock();
        if used.0 != window {
            *used = (window, 0);
        }
        if used.1 >= self.allowance {
            let left = self.window - now.secs().rem_euclid(self.window);
            return Err(u64::try_from(left).unwrap_or(1));
        }
        used.1 += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bound: &RateBound, now: i64) -> Result<(), u64> {
        bound.take(UnixTime::from_secs(now))
    }

    #[test]
    fn calls_beyond_the_rate_wait_for_the_next_window() {
        let bound = RateBound::new(2.0);
        assert_eq!(take(&bound, 10), Ok(()));
        assert_eq!(take(&bound, 10), Ok(()));
        assert_eq!(take(&bound, 10), Err(1));
        assert_eq!(take(&bound, 11), Ok(()));
    }

    #[test]
    fn a_rate_below_one_stretches_the_window() {
        let bound = RateBound::new(0.1);
        assert_eq!(take(&bound, 103), Ok(()));
        assert_eq!(take(&bound, 104), Err(6));
        assert_eq!(take(&bound, 110), Ok(()));
    }

    #[test]
    fn senseless_rates_neither_divide_by_zero_nor_open_the_gate() {
        assert_eq!(RateBound::new(0.0).allowance, 1);
        assert_eq!(RateBound::new(-3.0).window, 86_400);
        assert_eq!(take(&RateBound::new(f64::NAN), 0), Ok(()));
    }
}

//! The times of a token.

use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use crate::fault::TokenFault;

/// The last second of the year 9999. A time beyond it is not a time but a mistake, such as milliseconds.
const LAST_SECOND: i64 = 253_402_300_799;

/// When a token holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    leeway: i64,
}

impl Validity {
    /// A token whose times are not looked at.
    pub(crate) const UNCHECKED: Self = Self { exp: None, nbf: None, iat: None, leeway: 0 };

    /// Reads `exp`, `nbf` and `iat` (RFC 7519 §4.1): numbers whose whole part is used, or, as some providers write them,
    /// strings of digits. Each may be absent.
    ///
    /// # Errors
    /// [`TokenFault::ClaimType`] for one that is no number, negative, or beyond the year 9999.
    pub(crate) fn read(claims: &Map<String, Value>, leeway: u64) -> Result<Self, TokenFault> {
        Ok(Self {
            exp: time(claims, "exp")?,
            nbf: time(claims, "nbf")?,
            iat: time(claims, "iat")?,
            leeway: i64::try_from(leeway).unwrap_or(LAST_SECOND).min(LAST_SECOND),
        })
    }

    /// The expiry, when there is one.
    pub(crate) fn expires(&self) -> Option<UnixTime> {
        self.exp.map(UnixTime::from_secs)
    }

    /// The first second in which the token no longer holds.
    pub(crate) fn ends(&self) -> Option<i64> {
        self.exp.map(|exp| exp.saturating_add(self.leeway))
    }

    /// Whether the token holds at `now`: before `exp` plus leeway, not before `nbf` less leeway, not issued after `now`
    /// plus leeway.
    ///
    /// # Errors
    /// [`TokenFault::Expired`], [`TokenFault::NotYetValid`], [`TokenFault::IssuedInFuture`], in this order.
    pub(crate) fn check(&self, now: UnixTime) -> Result<(), TokenFault> {
        let now = now.secs();
        let latest = now.saturating_add(self.leeway);
        if self.ends().is_some_and(|end| now >= end) {
            Err(TokenFault::Expired)
        } else if self.nbf.is_some_and(|nbf| nbf > latest) {
            Err(TokenFault::NotYetValid)
        } else if self.iat.is_some_and(|iat| iat > latest) {
            Err(TokenFault::IssuedInFuture)
        } else {
            Ok(())
        }
    }
}

fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, TokenFault> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let whole = match (value, value.as_i64()) {
        (_, Some(whole)) => Some(whole),
        (Value::String(text), _) => digits(text),
        // Compared before it is cut off, so the cast cannot lose anything but the fraction.
        (_, None) => value
            .as_f64()
            .filter(|number| (0.0..=LAST_SECOND as f64).contains(number))
            .map(|number| number as i64),
    };
    match whole {
        Some(whole) if (0..=LAST_SECOND).contains(&whole) => Ok(Some(whole)),
        _ => Err(TokenFault::ClaimType(name)),
    }
}

/// The number that a string of at most twelve digits is: no sign, no space, no fraction, no exponent.
fn digits(text: &str) -> Option<i64> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(claims: Value, leeway: u64, now: i64) -> Result<(), TokenFault> {
        Validity::read(claims.as_object().unwrap(), leeway)?.check(UnixTime::from_secs(now))
    }

    #[test]
    fn the_second_of_exp_is_already_too_late() {
        assert_eq!(check(json!({"exp": 100}), 0, 99), Ok(()));
        assert_eq!(check(json!({"exp": 100}), 0, 100), Err(TokenFault::Expired));
        assert_eq!(check(json!({"exp": 100}), 5, 104), Ok(()));
        assert_eq!(check(json!({"exp": 100}), 5, 105), Err(TokenFault::Expired));
    }

    #[test]
    fn nbf_and_iat_hold_from_their_own_second() {
        assert_eq!(check(json!({"nbf": 100}), 0, 100), Ok(()));
        assert_eq!(check(json!({"nbf": 100}), 0, 99), Err(TokenFault::NotYetValid));
        assert_eq!(check(json!({"nbf": 100}), 1, 99), Ok(()));
        assert_eq!(check(json!({"iat": 101}), 0, 100), Err(TokenFault::IssuedInFuture));
        assert_eq!(check(json!({"iat": 101}), 1, 100), Ok(()));
    }

    #[test]
    fn fractions_are_cut_off_and_what_is_no_time_is_refused() {
        assert_eq!(check(json!({"exp": 100.9}), 0, 99), Ok(()));
        assert_eq!(check(json!({"exp": 100.9}), 0, 100), Err(TokenFault::Expired));
        for exp in [
            json!(""),
            json!("+100"),
            json!(" 100"),
            json!("1e2"),
            json!("100.5"),
            json!("\u{0661}00"),
            json!("1764000000000"),
            json!(null),
            json!(true),
            json!([100]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MAX),
            json!(1_764_000_000_000_i64),
        ] {
            assert_eq!(check(json!({"exp": exp}), 0, 1), Err(TokenFault::ClaimType("exp")), "{exp}");
        }
    }

    #[test]
    fn strings_of_digits_are_times_too() {
        assert_eq!(check(json!({"exp": "100"}), 0, 99), Ok(()));
        assert_eq!(check(json!({"exp": "100"}), 0, 100), Err(TokenFault::Expired));
        assert_eq!(check(json!({"nbf": "100"}), 0, 99), Err(TokenFault::NotYetValid));
        assert_eq!(check(json!({"iat": "101"}), 0, 100), Err(TokenFault::IssuedInFuture));
    }

    #[test]
    fn an_immense_leeway_does_not_overflow() {
        assert_eq!(check(json!({"exp": 100, "nbf": LAST_SECOND}), u64::MAX, 100), Ok(()));
    }
}

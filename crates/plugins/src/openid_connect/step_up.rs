//! How and when the user must have been authenticated, and what a client asks for to get there (RFC 9470).
//!
//! Pure. `max_age` looks at the claim `auth_time`, `acr_values_required` at `acr`; of a token that was introspected both stand
//! in the answer (RFC 9470 §6.2).

use keybound_pop::challenge::Problem;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use crate::fault::StepUpFault;

/// What is demanded of the authentication event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StepUp {
    /// Seconds since the user was authenticated.
    max_age: Option<u64>,
    /// Seconds by which clocks may differ.
    leeway: u64,
    /// The values that `acr` may have, in order of preference; empty: any, or none.
    acr_values: Vec<String>,
}

impl StepUp {
    pub(super) fn new(max_age: Option<u64>, leeway: u64, acr_values: Vec<String>) -> Self {
        Self { max_age, leeway, acr_values }
    }

    /// Whether the claims show an authentication that is good enough.
    ///
    /// # Errors
    /// The first [`StepUpFault`]: the time, then the context.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: UnixTime) -> Result<(), StepUpFault> {
        if let Some(max_age) = self.max_age {
            let time = claims.get("auth_time").and_then(Value::as_f64).ok_or(StepUpFault::TimeMissing)?;
            #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
            let age = now.secs() as f64 - time.trunc();
            #[allow(clippy::cast_precision_loss, reason = "beyond exact numbers it makes no difference")]
            let allowed = max_age.saturating_add(self.leeway) as f64;
            if age > allowed {
                return Err(StepUpFault::TooOld);
            }
        }
        let acr = claims.get("acr").and_then(Value::as_str);
        let fits = || acr.is_some_and(|acr| self.acr_values.iter().any(|value| value == acr));
        if self.acr_values.is_empty() || fits() { Ok(()) } else { Err(StepUpFault::Context) }
    }

    /// Everything that is demanded, whichever of it is lacking: so the client has to ask only once.
    pub(super) fn ask(&self, problem: &mut Problem) {
        problem.max_age = self.max_age;
        problem.acr_values = (!self.acr_values.is_empty()).then(|| self.acr_values.join(" "));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn check(step_up: &StepUp, claims: Value) -> Result<(), StepUpFault> {
        step_up.check(claims.as_object().unwrap(), NOW)
    }

    #[test]
    fn nothing_demanded_is_nothing_lacked() {
        assert_eq!(check(&StepUp::default(), json!({})), Ok(()));
    }

    #[test]
    fn the_authentication_may_be_as_old_as_max_age_and_leeway_and_no_older() {
        let step_up = StepUp { max_age: Some(300), leeway: 10, ..StepUp::default() };
        let at = |time: i64| check(&step_up, json!({ "auth_time": time }));
        assert_eq!(at(NOW.secs() - 310), Ok(()));
        assert_eq!(at(NOW.secs() - 311), Err(StepUpFault::TooOld));
        assert_eq!(at(NOW.secs() + 5), Ok(()));
        assert_eq!(check(&step_up, json!({ "auth_time": 1_799_999_690.9 })), Ok(()));
        for odd in [json!({}), json!({ "auth_time": "1799999990" }), json!({ "auth_time": null })] {
            assert_eq!(check(&step_up, odd), Err(StepUpFault::TimeMissing));
        }
    }

    #[test]
    fn max_age_zero_demands_an_authentication_of_this_very_second() {
        let step_up = StepUp { max_age: Some(0), ..StepUp::default() };
        assert_eq!(check(&step_up, json!({ "auth_time": NOW.secs() })), Ok(()));
        assert_eq!(check(&step_up, json!({ "auth_time": NOW.secs() - 1 })), Err(StepUpFault::TooOld));
    }

    #[test]
    fn acr_is_one_of_the_values_and_a_text() {
        let step_up = StepUp { acr_values: vec!["gold".into(), "silver".into()], ..StepUp::default() };
        assert_eq!(check(&step_up, json!({ "acr": "silver" })), Ok(()));
        for odd in [
            json!({}),
            json!({ "acr": "bronze" }),
            json!({ "acr": ["gold"] }),
            json!({ "acr": "gold silver" }),
            json!({ "acr": "Gold" }),
        ] {
            assert_eq!(check(&step_up, odd), Err(StepUpFault::Context));
        }
    }

    #[test]
    fn the_challenge_names_everything_that_is_demanded() {
        let step_up = StepUp { max_age: Some(60), acr_values: vec!["a".into(), "b".into()], leeway: 0 };
        let mut problem = Problem::default();
        step_up.ask(&mut problem);
        assert_eq!((problem.max_age, problem.acr_values.as_deref()), (Some(60), Some("a b")));
    }
}

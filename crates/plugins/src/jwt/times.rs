//! `exp` and `nbf`.

use keybound_model::Record;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use crate::identity;

/// Which times are checked.
pub(super) struct Times {
    exp: bool,
    nbf: bool,
    /// Seconds that `exp` may lie ahead; 0: any number.
    maximum: f64,
}

impl Times {
    pub(super) fn parse(config: &Record) -> Self {
        let claims = identity::list(config, "claims_to_verify");
        let has = |name: &str| claims.iter().any(|claim| claim == name);
        let maximum = config.get("maximum_expiration").and_then(Value::as_f64).unwrap_or(0.0);
        Self { exp: has("exp"), nbf: has("nbf"), maximum }
    }

    /// Checks the claims at this moment.
    ///
    /// # Errors
    /// What is wrong, by claim, in Kong's texts.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: UnixTime) -> Result<(), Map<String, Value>> {
        // Moments fit into the 53 bits that are exact.
        #[allow(clippy::cast_precision_loss)]
        let now = now.secs() as f64;
        let mut wrong = Map::new();
        let mut check = |wanted: bool, name: &str, text: &str, holds: &dyn Fn(f64) -> bool| {
            let text = match claims.get(name).and_then(Value::as_f64) {
                _ if !wanted => return,
                Some(time) if holds(time) => return,
                Some(_) => text,
                None => "must be a number",
            };
            wrong.insert(name.to_owned(), text.into());
        };
        check(self.exp, "exp", "token expired", &|exp| exp > now);
        check(self.nbf, "nbf", "token not valid yet", &|nbf| nbf <= now);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let exp = claims.get("exp").and_then(Value::as_f64);
        if self.maximum > 0.0 && exp.is_none_or(|exp| exp - now > self.maximum) {
            wrong.insert("exp".to_owned(), "exceeds maximum allowed expiration".into());
            return Err(wrong);
        }
        Ok(())
    }
}

//! A token that was accepted before and is believed since, such as that of a session.

use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::{Source, TokenPolicy, Validity, VerifiedToken};
use crate::fault::TokenFault;

impl VerifiedToken {
    /// A token whose claims the caller kept since it was accepted, so that nobody could alter them. Its times are looked at
    /// again, and `cnf` is read again; signature, issuer and audience are not.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] and the other faults of time; [`TokenFault::ClaimType`] and [`TokenFault::Confirmation`] for claims
    /// that cannot be read.
    pub fn kept(
        issuer: &str,
        claims: Map<String, Value>,
        source: Source,
        policy: &TokenPolicy,
        now: UnixTime,
    ) -> Result<Self, TokenFault> {
        let mut validity = Validity::UNCHECKED;
        if policy.verify_claims {
            validity = Validity::read(&claims, policy.leeway)?;
            validity.check(now)?;
        }
        Self::new(issuer.into(), claims, validity, source)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn kept(claims: Value, policy: &TokenPolicy) -> Result<VerifiedToken, TokenFault> {
        let claims = claims.as_object().unwrap().clone();
        VerifiedToken::kept("https://idp.example", claims, Source::Jwt, policy, NOW)
    }

    #[test]
    fn its_times_are_looked_at_again() {
        let policy = TokenPolicy { leeway: 10, ..TokenPolicy::default() };
        assert!(kept(json!({"exp": 999_991}), &policy).is_ok());
        assert_eq!(kept(json!({"exp": 999_990}), &policy).unwrap_err(), TokenFault::Expired);
        let lax = TokenPolicy { verify_claims: false, ..policy };
        assert!(kept(json!({"exp": 1}), &lax).is_ok());
    }

    #[test]
    fn its_binding_is_read_again() {
        let policy = TokenPolicy::default();
        let bound =
            kept(json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}), &policy).unwrap();
        assert!(bound.confirmation.jkt.is_some());
        assert!(matches!(kept(json!({"cnf": {}}), &policy).unwrap_err(), TokenFault::Confirmation(_)));
    }
}

use super::claims::Claims;
use super::{NoncePolicy, Policy, ProofFault};
use crate::nonce::{NonceFault, OpenedNonce};
use crate::replay;
use crate::time::UnixTime;

/// How fresh a proof is.
pub(super) struct Fresh {
    pub(super) keep_until: UnixTime,
    pub(super) nonce_age: Option<i64>,
}

/// With a nonce of ours, its age decides and `iat` may be anything: a client whose clock is wrong still gets through. Without,
/// `iat` lies in [now − lifetime − leeway, now + leeway], both edges included.
pub(super) fn check(
    claims: &Claims,
    policy: &Policy,
    nonce: NoncePolicy<'_>,
    now: UnixTime,
) -> Result<Fresh, ProofFault> {
    let by_iat = replay::keep_until(
        UnixTime::from_secs(claims.iat.min(now.secs().saturating_add(policy.leeway))),
        policy.lifetime,
        policy.leeway,
    );
    match opened(claims, policy, nonce, now)? {
        Some(nonce) => Ok(Fresh {
            // Both ends count: should the nonce's secret be gone one day, `iat` would decide.
            keep_until: replay::keep_until(nonce.issued_at, policy.lifetime, policy.leeway).max(by_iat),
            nonce_age: Some(nonce.age),
        }),
        None => {
            let age = now.secs().saturating_sub(claims.iat);
            if age > policy.lifetime.saturating_add(policy.leeway) {
                return Err(ProofFault::TooOld);
            }
            if age < -policy.leeway {
                return Err(ProofFault::TooNew);
            }
            Ok(Fresh { keep_until: by_iat, nonce_age: None })
        }
    }
}

fn opened(
    claims: &Claims,
    policy: &Policy,
    nonce: NoncePolicy<'_>,
    now: UnixTime,
) -> Result<Option<OpenedNonce>, ProofFault> {
    let (keys, context, required) = match nonce {
        NoncePolicy::Ignore => return Ok(None),
        NoncePolicy::Accept(keys, context) => (keys, context, false),
        NoncePolicy::Require(keys, context) => (keys, context, true),
    };
    let Some(text) = &claims.nonce else {
        return if required { Err(ProofFault::NonceMissing) } else { Ok(None) };
    };
    match keys.open(text, context, now, policy.lifetime, policy.leeway) {
        Ok(opened) => Ok(Some(opened)),
        Err(NonceFault::Unknown) if !required => Ok(None),
        Err(_) => Err(ProofFault::NonceInvalid),
    }
}

//! The introspection answer (RFC 7662 §2.2) and what it says about the token.

use std::sync::Arc;

use http::StatusCode;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use crate::fault::{Call, Cause, Fault, ProviderFault, TokenFault};
use crate::http::Answer;
use crate::provider::Provider;
use crate::token::{Source, TokenPolicy, Validity, VerifiedToken, require_access_kind};

/// Whether the provider answered the question at all.
///
/// A 400 that says the token's type cannot be introspected is the token's fault. Every other status than 200 is the
/// provider's or that of our credentials.
pub(super) fn require_answered(answer: &Answer, now: UnixTime) -> Result<(), Fault> {
    let fault = |cause| Fault::from(ProviderFault::new(Call::Introspection, cause));
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(fault(Cause::Credentials)),
        StatusCode::BAD_REQUEST => {
            let error = answer.object().ok().and_then(|object| object.get("error").cloned());
            match error.as_ref().and_then(Value::as_str) {
                Some("unsupported_token_type") => return Err(TokenFault::NotIntrospectable.into()),
                Some("invalid_client" | "unauthorized_client") => return Err(fault(Cause::Credentials)),
                _ => {}
            }
        }
        _ => {}
    }
    answer.require_ok(now).map_err(fault)
}

/// The claims of an answer in JSON.
pub(super) fn read_json(answer: &Answer) -> Result<Map<String, Value>, Cause> {
    answer.object()
}

/// What the claims say about the token, in order: `active`; the kind of token; `exp`, `nbf`, `iat`, each only when
/// there; `iss` when there; `cnf`; the audience when the policy has one.
pub(super) async fn judge(
    claims: Map<String, Value>,
    check_active: bool,
    policy: &TokenPolicy,
    provider: &Provider,
    now: UnixTime,
) -> Result<Arc<VerifiedToken>, Fault> {
    if check_active && claims.get("active") != Some(&Value::Bool(true)) {
        return Err(TokenFault::Inactive.into());
    }
    require_access_kind(&claims, None)?;
    let mut validity = Validity::UNCHECKED;
    if policy.verify_claims {
        validity = Validity::read(&claims, policy.leeway)?;
        validity.check(now)?;
    }
    let issuer = match claims.get("iss") {
        None => provider.issuer().await?,
        Some(Value::String(issuer)) => {
            let demanded = policy.verify_claims || provider.lists_issuers();
            if demanded && !provider.accepts_issuer(issuer).await? {
                return Err(TokenFault::Issuer.into());
            }
            issuer.as_str().into()
        }
        Some(_) => return Err(TokenFault::ClaimType("iss").into()),
    };
    let verified = VerifiedToken::new(issuer, claims, validity, Source::Introspection)?;
    if policy.audience.as_ref().is_some_and(|audience| !audience.holds(&verified.claims)) {
        return Err(TokenFault::Audience.into());
    }
    Ok(Arc::new(verified))
}

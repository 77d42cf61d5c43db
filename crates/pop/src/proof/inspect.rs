use serde_json::Value;

use super::claims::numeric_date;
use super::{ProofFault, Request};
use crate::base64url;
use crate::htu::Target;
use crate::json::{self, MAX_DEPTH};
use crate::jws::Parts;
use crate::time::UnixTime;

/// What an operator needs to understand a fault, for the log: expected and received origin and path, the clocks' difference.
///
/// Read once more from the proof, so that the hot path does not pay for it. Holds no token, nonce, `jti`, signature or key, and no
/// query: a claim that is no URL is not repeated.
#[must_use]
pub fn detail(fault: ProofFault, fields: &[&[u8]], request: &Request<'_>, now: UnixTime) -> Option<String> {
    let [field] = fields else { return None };
    let parts = Parts::split(std::str::from_utf8(field).ok()?, 64 * 1024).ok()?;
    let claims = json::parse_object(&base64url::decode(parts.payload).ok()?, MAX_DEPTH).ok()?;
    match fault {
        ProofFault::HtuMismatch(_) | ProofFault::AmbiguousPath => {
            let expected: Vec<String> = request.targets.iter().map(ToString::to_string).collect();
            let received = claims.get("htu").and_then(Value::as_str).and_then(|htu| Target::parse(htu).ok());
            let received = received.map_or_else(|| "not a URL".to_owned(), |target| target.to_string());
            Some(format!("expected htu {}, received {received}", expected.join(" or ")))
        }
        ProofFault::HtmMismatch => Some(format!("expected htm {}", request.method)),
        ProofFault::TooOld
        | ProofFault::TooNew
        | ProofFault::Expired
        | ProofFault::NotYetValid
        | ProofFault::Cold => {
            let iat = claims.get("iat").and_then(numeric_date)?;
            let ahead = iat.saturating_sub(now.secs());
            let side = if ahead > 0 { "after" } else { "before" };
            Some(format!("iat is {} s {side} this server's clock", ahead.unsigned_abs()))
        }
        _ => None,
    }
}

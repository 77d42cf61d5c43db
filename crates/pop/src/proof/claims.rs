use serde_json::Value;

use super::{Object, ProofFault};
use crate::base64url;
use crate::json::{self, MAX_DEPTH};
use crate::time::UnixTime;

const JTI_MAX: usize = 256;

/// The claims of a proof, each of its type. Other claims are ignored.
pub(super) struct Claims {
    pub(super) jti: String,
    pub(super) htm: String,
    pub(super) htu: String,
    pub(super) iat: i64,
    pub(super) nonce: Option<String>,
    pub(super) ath: [u8; 32],
}

/// Reads the claims in the order `jti`, `htm`, `htu`, `iat`, `exp`, `nbf`, `nonce`, `ath`; `exp` and `nbf`, where given, must hold.
pub(super) fn read(payload: &[u8], now: UnixTime, leeway: i64) -> Result<Claims, ProofFault> {
    let mut claims = json::parse_object(payload, MAX_DEPTH).map_err(|_| ProofFault::Payload)?;
    let jti = string(&mut claims, "jti").ok_or(ProofFault::Jti)?;
    if jti.is_empty() || jti.len() > JTI_MAX {
        return Err(ProofFault::Jti);
    }
    let htm = string(&mut claims, "htm").ok_or(ProofFault::Htm)?;
    let htu = string(&mut claims, "htu").ok_or(ProofFault::Htu)?;
    let iat = claims.get("iat").and_then(numeric_date).ok_or(ProofFault::Iat)?;
    lifetime(&claims, now, leeway)?;
    let nonce = match claims.remove("nonce") {
        None => None,
        Some(Value::String(nonce)) => Some(nonce),
        Some(_) => return Err(ProofFault::NonceType),
    };
    let ath = claims
        .get("ath")
        .and_then(Value::as_str)
        .filter(|ath| ath.len() == 43)
        .and_then(|ath| base64url::decode_exact(ath).ok())
        .ok_or(ProofFault::Ath)?;
    Ok(Claims { jti, htm, htu, iat, nonce, ath })
}

fn lifetime(claims: &Object, now: UnixTime, leeway: i64) -> Result<(), ProofFault> {
    let date = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value).map(Some).ok_or(ProofFault::NumericDate),
    };
    let (exp, nbf) = (date("exp")?, date("nbf")?);
    if exp.is_some_and(|exp| now.secs() >= exp.saturating_add(leeway)) {
        return Err(ProofFault::Expired);
    }
    if nbf.is_some_and(|nbf| now.secs() < nbf.saturating_sub(leeway)) {
        return Err(ProofFault::NotYetValid);
    }
    Ok(())
}

fn string(claims: &mut Object, name: &str) -> Option<String> {
    match claims.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A `NumericDate` (RFC 7519 §2): a number, which may have a fraction; its whole seconds.
///
/// Beyond the integers that every JSON reader has (RFC 8259 §6) it is not a date. Milliseconds are within: their sender is told
/// that the time is wrong, not that there is none.
pub(super) fn numeric_date(value: &Value) -> Option<i64> {
    const LAST: i64 = 9_007_199_254_740_991;
    let number = value.as_number()?;
    let secs = match number.as_i64() {
        Some(secs) => secs,
        None => {
            let secs = number.as_f64()?.floor();
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
            if secs.abs() <= LAST as f64 { secs as i64 } else { return None }
        }
    };
    (-LAST..=LAST).contains(&secs).then_some(secs)
}

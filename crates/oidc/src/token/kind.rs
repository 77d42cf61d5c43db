//! Tokens that are genuine and yet no access tokens.

use serde_json::{Map, Value};

use super::policy::Typ;
use crate::fault::TokenFault;

/// Values of the payload's `typ` by which Keycloak marks other tokens.
const OTHER_KINDS: [&str; 4] = ["ID", "Refresh", "Offline", "Logout"];

/// The event by which a logout token shows itself (OpenID Connect Back-Channel Logout 1.0 §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Refuses a token that shows itself an ID, refresh or logout token: by the payload's `typ`, by the logout event, or by
/// `at_hash` or `c_hash`, which ID tokens have (OpenID Connect Core 1.0 §3.1.3.6), unless the header says `at+jwt`.
/// An introspection answer has no header: `typ` is `None`.
///
/// # Errors
/// [`TokenFault::Kind`].
pub(crate) fn require_access_kind(claims: &Map<String, Value>, typ: Option<&str>) -> Result<(), TokenFault> {
    let marked = claims.get("typ").and_then(Value::as_str);
    let other = marked.is_some_and(|kind| OTHER_KINDS.iter().any(|other| kind.eq_ignore_ascii_case(other)));
    let logout = claims
        .get("events")
        .and_then(Value::as_object)
        .is_some_and(|events| events.contains_key(LOGOUT_EVENT));
    let hashes = claims.contains_key("at_hash") || claims.contains_key("c_hash");
    let declared = typ.and_then(Typ::of) == Some(Typ::AtJwt);
    if other || logout || (hashes && !declared) { Err(TokenFault::Kind) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(claims: Value, typ: Option<&str>) -> Result<(), TokenFault> {
        require_access_kind(claims.as_object().unwrap(), typ)
    }

    #[test]
    fn tokens_of_other_kinds_are_refused() {
        for marked in ["ID", "Refresh", "Offline", "Logout", "refresh"] {
            assert_eq!(kind(json!({"typ": marked}), Some("JWT")), Err(TokenFault::Kind), "{marked}");
            assert_eq!(kind(json!({"typ": marked}), Some("at+jwt")), Err(TokenFault::Kind), "{marked}");
        }
        assert_eq!(kind(json!({"at_hash": "x"}), Some("JWT")), Err(TokenFault::Kind));
        assert_eq!(kind(json!({"c_hash": "x"}), None), Err(TokenFault::Kind));
        assert_eq!(kind(json!({"events": {LOGOUT_EVENT: {}}}), None), Err(TokenFault::Kind));
    }

    #[test]
    fn access_tokens_pass() {
        for marked in ["Bearer", "DPoP"] {
            assert_eq!(kind(json!({"typ": marked}), Some("JWT")), Ok(()), "{marked}");
        }
        assert_eq!(kind(json!({"at_hash": "x"}), Some("at+jwt")), Ok(()));
        assert_eq!(kind(json!({}), None), Ok(()));
    }
}

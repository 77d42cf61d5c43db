//! `jwt_session_cookie` and `jwt_session_claim`: a token that counts only beside the cookie that its claim names.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderMap;
use http::header::COOKIE;
use serde_json::{Map, Value};

use crate::fault::SessionFault;
use crate::openid_connect::credential;

/// The cookie and the claim that must be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::openid_connect) struct Companion {
    pub(super) cookie: String,
    pub(super) claim: String,
}

impl Companion {
    /// # Errors
    /// [`SessionFault::Companion`] when cookie or claim is absent, or they differ.
    pub(in crate::openid_connect) fn check(
        &self,
        headers: &HeaderMap,
        claims: &Map<String, Value>,
    ) -> Result<(), SessionFault> {
        let cookie = credential::cookie_value(headers.get_all(COOKIE), &self.cookie).ok().flatten();
        let claim = claims.get(&self.claim).and_then(Value::as_str).filter(|claim| !claim.is_empty());
        match (cookie, claim) {
            (Some(cookie), Some(claim))
                if verify_slices_are_equal(cookie.as_bytes(), claim.as_bytes()).is_ok() =>
            {
                Ok(())
            }
            _ => Err(SessionFault::Companion),
        }
    }
}

//! A token that satisfied its policy.

use std::sync::Arc;

use keybound_pop::confirmation::Confirmation;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::Validity;
use crate::fault::TokenFault;

/// What is known of an access token that was accepted. The binding to a key is not checked yet: that needs the request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VerifiedToken {
    /// The issuer: the token's `iss`, or the provider's issuer where it names none.
    pub issuer: Arc<str>,
    /// The payload of the JWT, or the introspection answer.
    pub claims: Arc<Map<String, Value>>,
    /// The keys that the token is bound to.
    pub confirmation: Confirmation,
    /// `exp`; `None` when absent or not checked.
    pub expires: Option<UnixTime>,
    /// Who said so.
    pub source: Source,
    /// The key that verified its signature, as the provider published it; `None` when no signature was checked.
    pub key: Option<Arc<Map<String, Value>>>,
    /// The signed introspection answer as it came (RFC 9701 §5); `None` where the answer was not signed.
    pub signed_answer: Option<Arc<str>>,
    pub(crate) validity: Validity,
}

/// How a token was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// By its signature.
    Jwt,
    /// By its issuer.
    Introspection,
}

impl VerifiedToken {
    pub(crate) fn new(
        issuer: Arc<str>,
        claims: Map<String, Value>,
        validity: Validity,
        source: Source,
    ) -> Result<Self, TokenFault> {
        let confirmation = Confirmation::from_claims(&claims).map_err(TokenFault::Confirmation)?;
        let expires = validity.expires();
        Ok(Self {
            issuer,
            claims: Arc::new(claims),
            confirmation,
            expires,
            source,
            key: None,
            signed_answer: None,
            validity,
        })
    }
}

/// What kind of text an access token is, by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A signed JWT in compact form.
    Jws,
    /// An encrypted JWT in compact form.
    Jwe,
    /// Anything else.
    Opaque,
}

impl Shape {
    /// Looks at the number of parts and whether the first is a JSON object; decides nothing about validity.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut parts = token.split('.');
        let header = parts.next().unwrap_or_default();
        let shape = match parts.count() {
            2 => Self::Jws,
            4 => Self::Jwe,
            _ => return Self::Opaque,
        };
        match keybound_pop::base64url::decode(header) {
            Ok(header) if header.trim_ascii().starts_with(b"{") => shape,
            _ => Self::Opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_by_its_parts_and_its_header() {
        let header = keybound_pop::base64url::encode(br#"{"alg":"none"}"#);
        assert_eq!(Shape::of(&format!("{header}.e30.")), Shape::Jws);
        assert_eq!(Shape::of(&format!("{header}....")), Shape::Jwe);
        for opaque in ["", "abc", "a.b", "a.b.c", "v4.local.x", &header] {
            assert_eq!(Shape::of(opaque), Shape::Opaque, "{opaque}");
        }
    }
}

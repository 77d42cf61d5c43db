//! What is demanded of an access token.

use keybound_pop::algorithm::AlgorithmSet;

use crate::hmac::SharedSecrets;
use crate::provider::SettingsFault;
use crate::requirement::Requirement;

/// What is demanded of access tokens, of JWTs and of introspection answers alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// Seconds that clocks may differ, for `exp`, `nbf` and `iat`.
    pub leeway: u64,
    /// Signature algorithms of JWTs (`access_token_algorithms`).
    pub algorithms: AlgorithmSet,
    /// Values of the header's `typ` (`access_token_types`).
    pub types: TokenTypes,
    /// The audience, when the answer to a wrong one is 401.
    pub audience: Option<Requirement>,
    /// Whether `iss`, `exp`, `nbf` and `iat` are checked (`verify_claims`). Without it, `iss` is still checked when
    /// `issuers_allowed` has entries, and tokens are not cached.
    pub verify_claims: bool,
    /// Whether signatures of JWTs are checked (`verify_signature`).
    pub verify_signature: bool,
    /// Whether the configuration must agree with the metadata (`verify_parameters`).
    pub verify_parameters: bool,
    /// The secrets that may verify tokens of the configured issuer beside its keys (`enable_hs_signatures`); `None`: a token
    /// with an HMAC is refused.
    pub secrets: Option<SharedSecrets>,
    /// Longest token in bytes.
    pub max_length: usize,
}

impl Default for TokenPolicy {
    /// Every asymmetric algorithm and type, no leeway, at most 16 KiB.
    fn default() -> Self {
        Self {
            leeway: 0,
            algorithms: AlgorithmSet::ALL,
            types: TokenTypes::default(),
            audience: None,
            verify_claims: true,
            verify_signature: true,
            verify_parameters: false,
            secrets: None,
            max_length: 16 * 1024,
        }
    }
}

/// Which `typ` a JWT access token may have in its header (RFC 9068 §4, RFC 8725 §3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTypes {
    at_jwt: bool,
    jwt: bool,
    absent: bool,
}

impl Default for TokenTypes {
    /// `at+jwt`, `application/at+jwt`, `JWT`, or none.
    fn default() -> Self {
        Self { at_jwt: true, jwt: true, absent: true }
    }
}

impl TokenTypes {
    /// Only the named types: `at+jwt` (or `application/at+jwt`, the same) and `JWT`. A token without `typ` is then
    /// refused.
    ///
    /// # Errors
    /// [`SettingsFault::TokenType`] for any other name: the list narrows what access tokens may be and cannot widen it.
    pub fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, SettingsFault> {
        let mut types = Self { at_jwt: false, jwt: false, absent: false };
        for name in names {
            match Typ::of(name).ok_or(SettingsFault::TokenType)? {
                Typ::AtJwt => types.at_jwt = true,
                Typ::Jwt => types.jwt = true,
            }
        }
        Ok(types)
    }

    /// Whether a token with this `typ` is accepted.
    pub(super) fn accept(self, typ: Option<&str>) -> bool {
        match typ.map(Typ::of) {
            None => self.absent,
            Some(Some(Typ::AtJwt)) => self.at_jwt,
            Some(Some(Typ::Jwt)) => self.jwt,
            Some(None) => false,
        }
    }
}

/// A `typ` that access tokens have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typ {
    /// RFC 9068.
    AtJwt,
    /// The general one.
    Jwt,
}

impl Typ {
    /// Media types are compared without regard to case (RFC 7515 §4.1.9).
    pub(super) fn of(name: &str) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("at+jwt") || is("application/at+jwt") {
            Some(Self::AtJwt)
        } else if is("JWT") {
            Some(Self::Jwt)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_only_the_types_of_access_tokens_are_accepted() {
        let types = TokenTypes::default();
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt"] {
            assert!(types.accept(Some(typ)), "{typ}");
        }
        assert!(types.accept(None));
        for typ in
            ["dpop+jwt", "token-introspection+jwt", "logout+jwt", "secevent+jwt", "at", "", "application/jwt"]
        {
            assert!(!types.accept(Some(typ)), "{typ}");
        }
    }

    #[test]
    fn a_list_narrows_and_never_widens() {
        let types = TokenTypes::only(["at+jwt"]).unwrap();
        assert!(types.accept(Some("application/at+jwt")));
        assert!(!types.accept(Some("JWT")));
        assert!(!types.accept(None));
        assert_eq!(TokenTypes::only(["dpop+jwt"]), Err(SettingsFault::TokenType));
    }
}

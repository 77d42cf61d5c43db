//! What can go wrong with a token or with its provider, and whose fault it is.

use keybound_pop::confirmation::ConfirmationFault;
use keybound_pop::jws::JwsFault;

/// Seconds after which a provider that failed is asked again, and the wait that clients are told.
pub(crate) const RETRY_AFTER_FAILURE: u64 = 5;

/// Why a token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The token's fault: 401 `invalid_token`.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The provider's fault, or that of our settings for it: 503 without a challenge.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// More unknown tokens than `introspection_max_rate` lets through: 429.
    #[error("too many tokens to introspect")]
    TooMany {
        /// Seconds after which the next call is possible.
        retry_after: u64,
    },
}

impl Fault {
    /// The stable code for logs, metrics and documentation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(fault) => fault.code(),
            Self::Provider(fault) => fault.code(),
            Self::TooMany { .. } => "introspection_rate",
        }
    }

    /// A description that names the reason and no value.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self {
            Self::Token(fault) => fault.description(),
            Self::Provider(fault) => fault.description(),
            Self::TooMany { .. } => "too many unknown tokens",
        }
    }

    /// The value of `Retry-After` in seconds, for faults that are not the token's.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Token(_) => None,
            Self::Provider(fault) => Some(fault.retry_after()),
            Self::TooMany { retry_after } => Some(*retry_after),
        }
    }
}

/// What is wrong with an access token. The answer is always 401 `invalid_token`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.description())]
#[non_exhaustive]
pub enum TokenFault {
    /// No signed JWT in compact form (RFC 7515 §3.1), or one whose header or payload breaks the strict reading.
    Malformed(JwsFault),
    /// An encrypted JWT (RFC 7516 §3.1).
    Encrypted,
    /// An algorithm that is unknown, symmetric, `none`, or not in `access_token_algorithms` (RFC 8725 §3.1).
    Algorithm,
    /// A `typ` in the header that access tokens do not have, or that `access_token_types` leaves out (RFC 9068 §4).
    Type,
    /// An ID, refresh or logout token (RFC 8725 §3.12).
    Kind,
    /// A required claim is absent; names it.
    ClaimMissing(&'static str),
    /// A claim that is no string, no number or a number beyond range; names it.
    ClaimType(&'static str),
    /// `iss` is neither the provider's nor one of `issuers_allowed`.
    Issuer,
    /// `exp` is in the past (RFC 7519 §4.1.4).
    Expired,
    /// `nbf` is in the future (RFC 7519 §4.1.5).
    NotYetValid,
    /// `iat` is in the future.
    IssuedInFuture,
    /// No required audience in the audience claim (RFC 9068 §4).
    Audience,
    /// No key of the issuer fits `kid` and `alg`.
    UnknownKey,
    /// The signature is wrong.
    Signature,
    /// A `cnf` that cannot be read (RFC 7800 §3).
    Confirmation(ConfirmationFault),
    /// The provider does not say `"active": true` (RFC 7662 §2.2).
    Inactive,
    /// The provider refuses to introspect tokens of this kind.
    NotIntrospectable,
}

impl TokenFault {
    /// The stable code for logs, metrics and documentation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "token_malformed",
            Self::Encrypted => "token_encrypted",
            Self::Algorithm => "token_algorithm",
            Self::Type => "token_type",
            Self::Kind => "token_kind",
            Self::ClaimMissing(_) => "token_claim_missing",
            Self::ClaimType(_) => "token_claim_type",
            Self::Issuer => "token_issuer",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::IssuedInFuture => "token_issued_in_future",
            Self::Audience => "token_audience",
            Self::UnknownKey => "token_key_unknown",
            Self::Signature => "token_signature",
            Self::Confirmation(fault) => fault.code(),
            Self::Inactive => "token_inactive",
            Self::NotIntrospectable => "token_not_introspectable",
        }
    }

    /// A description for `error_description`: names claim and reason, never a value.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "the access token is malformed",
            Self::Encrypted => "the access token is encrypted",
            Self::Algorithm => "the access token's alg is not accepted",
            Self::Type => "the access token's typ is not accepted",
            Self::Kind => "the token is not an access token",
            Self::ClaimMissing("exp") => "the access token has no exp",
            Self::ClaimMissing("iss") => "the access token has no iss",
            Self::ClaimMissing(_) => "the access token lacks a required claim",
            Self::ClaimType("exp") => "the access token's exp is malformed",
            Self::ClaimType("nbf") => "the access token's nbf is malformed",
            Self::ClaimType("iat") => "the access token's iat is malformed",
            Self::ClaimType("iss") => "the access token's iss is malformed",
            Self::ClaimType("kid") => "the access token's kid is malformed",
            Self::ClaimType(_) => "a claim of the access token is malformed",
            Self::Issuer => "the access token's iss is not accepted",
            Self::Expired => "the access token expired",
            Self::NotYetValid => "the access token's nbf is in the future",
            Self::IssuedInFuture => "the access token's iat is in the future",
            Self::Audience => "the access token's audience is not accepted",
            Self::UnknownKey => "the access token's key is unknown",
            Self::Signature => "the access token's signature is wrong",
            Self::Confirmation(_) => "the access token's cnf cannot be read",
            Self::Inactive => "the access token is not active",
            Self::NotIntrospectable => "the access token cannot be introspected",
        }
    }
}

/// A provider that could not be used. The answer is 503 with `Retry-After` and no challenge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} call: {}{}", self.call.name(), self.description(), self.cause.detail())]
pub struct ProviderFault {
    /// Which call failed.
    pub call: Call,
    /// Why.
    pub cause: Cause,
}

/// A call to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The provider's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
    Metadata,
    /// A key set (RFC 7517 §5).
    Keys,
    /// Token introspection (RFC 7662 §2).
    Introspection,
}

/// Why a call to a provider failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// No address for the name, or no connection.
    Unreachable,
    /// TLS failed: an untrusted certificate, another name, no common version.
    Tls,
    /// No whole answer in time.
    Timeout,
    /// The answer broke off or is not HTTP.
    BrokenAnswer,
    /// The answer is larger than the call allows.
    TooLarge,
    /// A redirect: none is followed.
    Redirect,
    /// 429.
    RateLimited {
        /// The wait in seconds that the provider asks for.
        retry_after: Option<u64>,
    },
    /// Our client credentials are refused.
    Credentials,
    /// Another status than expected.
    Status {
        /// The status.
        status: u16,
        /// The wait in seconds that the provider asks for.
        retry_after: Option<u64>,
    },
    /// The answer's content breaks its specification; says how.
    Malformed(&'static str),
    /// The metadata name another issuer than was asked for.
    IssuerMismatch,
    /// The metadata lack an endpoint, or it is no acceptable URL; names it.
    Endpoint(&'static str),
    /// The configuration and the metadata contradict each other (`verify_parameters`); names the field.
    Parameters(&'static str),
    /// The gateway has no key of its own yet to authenticate with.
    ClientKeys,
    /// Too many calls are under way.
    Busy,
    /// The call was ended from our side, by a stop or a defect.
    Interrupted,
}

impl ProviderFault {
    pub(crate) fn new(call: Call, cause: Cause) -> Self {
        Self { call, cause }
    }

    /// The stable code for logs, metrics and documentation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.cause {
            Cause::Unreachable => "provider_unreachable",
            Cause::Tls => "provider_tls",
            Cause::Timeout => "provider_timeout",
            Cause::BrokenAnswer => "provider_broken_answer",
            Cause::TooLarge => "provider_answer_too_large",
            Cause::Redirect => "provider_redirect",
            Cause::RateLimited { .. } => "provider_rate_limited",
            Cause::Credentials => "provider_credentials",
            Cause::Status { .. } => "provider_status",
            Cause::Malformed(_) => "provider_malformed",
            Cause::IssuerMismatch => "provider_issuer_mismatch",
            Cause::Endpoint(_) => "provider_endpoint",
            Cause::Parameters(_) => "provider_parameters",
            Cause::ClientKeys => "provider_client_keys",
            Cause::Busy => "provider_busy",
            Cause::Interrupted => "provider_interrupted",
        }
    }

    /// A description that names the reason and no value.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.cause {
            Cause::Unreachable => "the provider cannot be reached",
            Cause::Tls => "no TLS connection to the provider",
            Cause::Timeout => "the provider did not answer in time",
            Cause::BrokenAnswer => "the provider's answer broke off",
            Cause::TooLarge => "the provider's answer is too large",
            Cause::Redirect => "the provider answered with a redirect",
            Cause::RateLimited { .. } => "the provider limits the rate of calls",
            Cause::Credentials => "the provider refuses the client credentials",
            Cause::Status { .. } => "the provider answered with an unexpected status",
            Cause::Malformed(_) => "the provider's answer is malformed",
            Cause::IssuerMismatch => "the provider names another issuer",
            Cause::Endpoint(_) => "the provider offers no usable endpoint",
            Cause::Parameters(_) => "the configuration contradicts the provider's metadata",
            Cause::ClientKeys => "the gateway has no key yet to authenticate with",
            Cause::Busy => "too many calls to the provider are under way",
            Cause::Interrupted => "the call to the provider was interrupted",
        }
    }

    /// Seconds that a client should wait: what the provider asks for, else 5, else 1 when only we are busy.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        match self.cause {
            Cause::RateLimited { retry_after } | Cause::Status { retry_after, .. } => {
                retry_after.unwrap_or(RETRY_AFTER_FAILURE)
            }
            Cause::Busy | Cause::ClientKeys => 1,
            _ => RETRY_AFTER_FAILURE,
        }
    }
}

impl Call {
    /// The call's name in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Keys => "keys",
            Self::Introspection => "introspection",
        }
    }
}

impl Cause {
    fn detail(&self) -> String {
        match self {
            Self::Status { status, .. } => format!(" ({status})"),
            Self::Malformed(what) | Self::Endpoint(what) | Self::Parameters(what) => format!(" ({what})"),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_fault_says_the_call_the_reason_and_the_detail() {
        let cause = Cause::Status { status: 502, retry_after: Some(9) };
        let fault = ProviderFault::new(Call::Keys, cause);
        assert_eq!(fault.to_string(), "keys call: the provider answered with an unexpected status (502)");
        assert_eq!(fault.code(), "provider_status");
        assert_eq!(Fault::from(fault).retry_after(), Some(9));
    }

    #[test]
    fn a_token_fault_has_no_wait_and_a_rate_fault_has_one() {
        assert_eq!(Fault::from(TokenFault::Expired).retry_after(), None);
        assert_eq!(Fault::TooMany { retry_after: 1 }.retry_after(), Some(1));
    }
}

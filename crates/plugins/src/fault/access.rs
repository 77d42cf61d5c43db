//! Faults of credentials, tokens, proofs and what they are allowed to do.

use http::StatusCode;
use keybound_oidc::{CertificateFault, ProviderFault, TokenFault};
use keybound_pop::binding::BindingFault;
use keybound_pop::certificate::HeaderFault;
use keybound_pop::proof::ProofFault;

use super::{Blame, Row, SessionFault, StepUpFault};

/// No credential, or one that can not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// No access token, or a scheme that carries none.
    #[error("no access token was presented")]
    Missing,
    /// Two `Authorization` fields.
    #[error("there is more than one Authorization field")]
    Repeated,
    /// Not one scheme, one or more spaces and one token.
    #[error("the credential is malformed")]
    Malformed,
    /// Tokens in two places (RFC 6750 §2).
    #[error("there are access tokens in more than one place")]
    Ambiguous,
    /// Longer than `access_token_max_length`.
    #[error("the access token is too long")]
    TooLong,
    /// A body that could have a token broke off.
    #[error("the request body could not be read")]
    Body,
}

/// The memory of used proofs can not take the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayStoreFault {
    /// `dpop_replay_max_entries` is reached.
    #[error("the memory of used proofs is full")]
    Full,
    /// `dpop_replay_max_entries_per_key` is reached for this key.
    #[error("this key has used too many proofs")]
    KeyQuota {
        /// Seconds until the key's oldest record ends.
        retry_after: u64,
    },
    /// The store is out of reach.
    #[error("the store of used proofs cannot be reached")]
    Unreachable,
}

/// A token that is good and not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationFault {
    /// None of `scopes_required`.
    #[error("the access token lacks a required scope")]
    Scope,
    /// None of `groups_required`.
    #[error("the access token lacks a required group")]
    Group,
    /// None of `roles_required`.
    #[error("the access token lacks a required role")]
    Role,
    /// A claim of `claims_forbidden`.
    #[error("the access token has a forbidden claim")]
    ForbiddenClaim,
    /// `consumer_claims` names nobody.
    #[error("the access token names no consumer")]
    Consumer,
    /// `consumer_groups_claim` names no group.
    #[error("the access token names no consumer group")]
    ConsumerGroup,
}

/// Why a bearer of a token is not let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessFault {
    /// No credential, or one that can not be read.
    #[error(transparent)]
    Credential(#[from] CredentialFault),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// `hd` is none of `domains`.
    #[error("the access token's hd is not accepted")]
    Domain,
    /// What the token is bound to, and what was presented.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// The header field with the client's certificate.
    #[error(transparent)]
    CertificateHeader(#[from] HeaderFault),
    /// The client's certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    /// The proof.
    #[error(transparent)]
    Proof(#[from] ProofFault),
    /// The memory of used proofs.
    #[error(transparent)]
    ReplayStore(#[from] ReplayStoreFault),
    /// How the user was authenticated.
    #[error(transparent)]
    StepUp(#[from] StepUpFault),
    /// What the token allows.
    #[error(transparent)]
    Authorization(#[from] AuthorizationFault),
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionFault),
    /// More unknown tokens than `introspection_max_rate` lets through.
    #[error("too many unknown access tokens")]
    IntrospectionRate {
        /// Seconds after which the next call is possible.
        retry_after: u64,
    },
}

impl From<keybound_oidc::Fault> for AccessFault {
    fn from(fault: keybound_oidc::Fault) -> Self {
        match fault {
            keybound_oidc::Fault::Token(fault) => Self::Token(fault),
            keybound_oidc::Fault::Provider(fault) => Self::Provider(fault),
            keybound_oidc::Fault::TooMany { retry_after } => Self::IntrospectionRate { retry_after },
        }
    }
}

impl AccessFault {
    /// The fault's row of the table.
    #[must_use]
    pub fn row(&self) -> Row {
        let token = |code| unauthorized(code, Some("invalid_token"), Blame::Token);
        match self {
            Self::Credential(fault) => fault.row(),
            Self::Token(fault) => token(fault.code()),
            Self::Domain => token("token_domain"),
            Self::Binding(fault) => unauthorized(fault.code(), fault.error(), Blame::Key),
            Self::CertificateHeader(fault) => unauthorized(fault.code(), Some("invalid_token"), Blame::Key),
            // Those who were asked are at fault, not the client.
            Self::Certificate(fault @ CertificateFault::RevocationUnknown) => {
                unavailable(fault.code(), Blame::Provider)
            }
            Self::Certificate(fault) => unauthorized(fault.code(), Some("invalid_token"), Blame::Key),
            Self::Proof(ProofFault::KeyMismatch) => unauthorized(
                ProofFault::KeyMismatch.code(),
                Some(ProofFault::KeyMismatch.error()),
                Blame::Key,
            ),
            // The proof may be good: it was not looked at to the end, and another one would not be either.
            Self::Proof(ProofFault::WorkExhausted) => too_many(ProofFault::WorkExhausted.code()),
            Self::Proof(fault) => unauthorized(fault.code(), Some(fault.error()), Blame::Proof),
            Self::ReplayStore(fault) => fault.row(),
            Self::StepUp(fault) => fault.row(),
            Self::Authorization(fault) => fault.row(),
            Self::Provider(fault) => unavailable(fault.code(), Blame::Provider),
            Self::Session(fault) => fault.row(),
            Self::IntrospectionRate { .. } => too_many("introspection_rate"),
        }
    }

    /// What `error_description` says: names claim and reason, never a value.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Token(fault) => fault.description().to_owned(),
            other => other.to_string(),
        }
    }

    /// Seconds that the client is asked to wait, for faults that are not its own.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Provider(fault) => Some(fault.retry_after()),
            Self::IntrospectionRate { retry_after } => Some(*retry_after),
            Self::ReplayStore(ReplayStoreFault::KeyQuota { retry_after }) => Some(*retry_after),
            Self::ReplayStore(ReplayStoreFault::Full | ReplayStoreFault::Unreachable) => Some(RETRY_AFTER),
            Self::Certificate(CertificateFault::RevocationUnknown) => Some(RETRY_AFTER),
            Self::Proof(ProofFault::WorkExhausted) => Some(1),
            Self::Session(SessionFault::StoreUnreachable) => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// Whether it is a refusal for lack of a key that was shown to match: the kind that `proof_of_possession_report_only` lets
    /// pass. A proof that could not be recorded counts, whoever is to blame: who only reports must not refuse for that.
    #[must_use]
    pub fn is_possession(&self) -> bool {
        match self {
            // A scheme that is not offered is not a key that is missing.
            Self::Binding(fault) => *fault != BindingFault::SchemeNotOffered,
            Self::Certificate(_)
            | Self::CertificateHeader(_)
            | Self::Proof(_)
            | Self::ReplayStore(_)
            | Self::Session(SessionFault::Unproven) => true,
            _ => false,
        }
    }
}

/// Seconds to wait for our own store.
const RETRY_AFTER: u64 = 5;

impl CredentialFault {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Missing, Self::Repeated, Self::Malformed, Self::Ambiguous, Self::TooLong, Self::Body];

    fn row(self) -> Row {
        let bad = |code| Row {
            code,
            status: StatusCode::BAD_REQUEST,
            error: Some("invalid_request"),
            message: "Bad request",
            blame: Blame::Client,
        };
        match self {
            Self::Missing => unauthorized("credential_missing", None, Blame::Client),
            Self::Repeated => bad("credential_repeated"),
            Self::Malformed => bad("credential_malformed"),
            Self::Ambiguous => bad("credential_ambiguous"),
            Self::TooLong => unauthorized("credential_too_long", Some("invalid_token"), Blame::Token),
            Self::Body => bad("credential_body"),
        }
    }
}

impl ReplayStoreFault {
    /// One of each.
    pub const ALL: [Self; 3] = [Self::Full, Self::KeyQuota { retry_after: 1 }, Self::Unreachable];

    fn row(self) -> Row {
        match self {
            Self::Full => unavailable("replay_store_full", Blame::Ours),
            Self::KeyQuota { .. } => too_many("replay_key_quota"),
            Self::Unreachable => unavailable("replay_store_unreachable", Blame::Ours),
        }
    }
}

impl AuthorizationFault {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Scope, Self::Group, Self::Role, Self::ForbiddenClaim, Self::Consumer, Self::ConsumerGroup];

    fn row(self) -> Row {
        let code = match self {
            Self::Scope => "authorization_scope",
            Self::Group => "authorization_group",
            Self::Role => "authorization_role",
            Self::ForbiddenClaim => "authorization_claim_forbidden",
            Self::Consumer => "authorization_consumer",
            Self::ConsumerGroup => "authorization_consumer_group",
        };
        Row {
            code,
            status: StatusCode::FORBIDDEN,
            error: Some("insufficient_scope"),
            message: "Forbidden",
            blame: Blame::Token,
        }
    }
}

const fn unauthorized(code: &'static str, error: Option<&'static str>, blame: Blame) -> Row {
    Row { code, status: StatusCode::UNAUTHORIZED, error, message: "Unauthorized", blame }
}

const fn unavailable(code: &'static str, blame: Blame) -> Row {
    Row { code, status: StatusCode::SERVICE_UNAVAILABLE, error: None, message: "Service unavailable", blame }
}

const fn too_many(code: &'static str) -> Row {
    Row {
        code,
        status: StatusCode::TOO_MANY_REQUESTS,
        error: None,
        message: "Too many requests",
        blame: Blame::Client,
    }
}

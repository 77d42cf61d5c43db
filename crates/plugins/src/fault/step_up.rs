//! Faults of how the user was authenticated: the token is good, and a better one can be had by logging in again (RFC 9470).

use http::StatusCode;

use super::{Blame, Row};

/// Why a token's authentication event is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepUpFault {
    /// `max_age` is configured, and the token has no `auth_time` that is a number.
    #[error("the access token does not say when the user was authenticated")]
    TimeMissing,
    /// `auth_time` is longer ago than `max_age` allows.
    #[error("the user was authenticated too long ago")]
    TooOld,
    /// `acr` is none of `acr_values_required`.
    #[error("the user was not authenticated in a required way")]
    Context,
}

impl StepUpFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 3] = [Self::TimeMissing, Self::TooOld, Self::Context];

    pub(super) fn row(self) -> Row {
        let code = match self {
            Self::TimeMissing => "authentication_time_missing",
            Self::TooOld => "authentication_too_old",
            Self::Context => "authentication_context",
        };
        Row {
            code,
            status: StatusCode::UNAUTHORIZED,
            error: Some("insufficient_user_authentication"),
            message: "Unauthorized",
            blame: Blame::Token,
        }
    }
}

//! Faults of sessions.

use http::StatusCode;

use super::{Blame, Row};

/// A session that does not stand for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionFault {
    /// Two session cookies of one name with different values.
    #[error("there is more than one session")]
    Ambiguous,
    /// Altered, or sealed with another secret.
    #[error("the session is not known here")]
    Unknown,
    /// One of its timeouts is over, or the store has it no more.
    #[error("the session ended")]
    Expired,
    /// Made by another plugin instance, where keys are demanded.
    #[error("the session was made elsewhere")]
    Foreign,
    /// The method that began it begins no sessions any more.
    #[error("sessions of this kind are not taken any more")]
    Method,
    /// Not what `session_bind` compares.
    #[error("the session began under other circumstances")]
    Terms,
    /// The key that its token is bound to was not shown when it began.
    #[error("the session began without a proof of possession")]
    Unproven,
    /// Its token is bound otherwise than when it began.
    #[error("the token of the session is bound otherwise than before")]
    Rebound,
    /// The cookie of `jwt_session_cookie` is absent, or not the claim.
    #[error("the token does not belong to the session cookie")]
    Companion,
    /// The store of sessions is slow or out of reach.
    #[error("the store of sessions cannot be reached")]
    StoreUnreachable,
}

impl SessionFault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Ambiguous,
        Self::Unknown,
        Self::Expired,
        Self::Foreign,
        Self::Method,
        Self::Terms,
        Self::Unproven,
        Self::Rebound,
        Self::Companion,
        Self::StoreUnreachable,
    ];

    pub(super) fn row(self) -> Row {
        let (code, blame) = match self {
            Self::Ambiguous => ("session_ambiguous", Blame::Client),
            Self::Unknown => ("session_unknown", Blame::Token),
            Self::Expired => ("session_expired", Blame::Token),
            Self::Foreign => ("session_foreign", Blame::Key),
            Self::Method => ("session_method", Blame::Token),
            Self::Terms => ("session_terms", Blame::Token),
            Self::Unproven => ("session_unproven", Blame::Key),
            Self::Rebound => ("session_rebound", Blame::Key),
            Self::Companion => ("session_companion", Blame::Token),
            Self::StoreUnreachable => {
                return Row {
                    code: "session_store_unreachable",
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    error: None,
                    message: "Service unavailable",
                    blame: Blame::Ours,
                };
            }
        };
        Row {
            code,
            status: StatusCode::UNAUTHORIZED,
            error: Some("invalid_token"),
            message: "Unauthorized",
            blame,
        }
    }
}

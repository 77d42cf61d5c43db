use http::StatusCode;

use super::{Blame, Row};

/// A request that is turned away because there is too much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverloadFault {
    /// Too many requests in flight, or everything waits too long for its turn.
    #[error("the gateway has too much to do")]
    Overloaded,
}

impl OverloadFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 1] = [Self::Overloaded];

    pub(super) fn row(self) -> Row {
        let Self::Overloaded = self;
        Row {
            code: "overloaded",
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: None,
            message: "Service unavailable",
            blame: Blame::Ours,
        }
    }
}

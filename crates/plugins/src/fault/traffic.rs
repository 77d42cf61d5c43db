use http::StatusCode;

use super::{Blame, Row};

/// A request that a plugin stops for another reason than who sends it, or a response that it cannot let out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrafficFault {
    /// More requests than a limit allows.
    #[error("more requests than the limit allows")]
    RateLimited,
    /// The counters are out of reach, and the configuration does not let requests through without them.
    #[error("the counters of requests cannot be reached")]
    CountersUnreachable,
    /// The client's address is denied, or not among those that are allowed.
    #[error("the client's address is not allowed")]
    AddressNotAllowed,
    /// A body that a plugin must look into is longer than it takes.
    #[error("the request's body is larger than a plugin takes")]
    RequestBodyTooLarge,
    /// A body that a plugin must look into broke off.
    #[error("the request's body could not be read")]
    RequestBodyBroken,
    /// A response's body that a plugin must look into is longer than it takes.
    #[error("the response's body is larger than a plugin takes")]
    ResponseBodyTooLarge,
    /// A value of the request that a plugin's template puts into a field or a path cannot stand there.
    #[error("a value of the request cannot stand where a plugin's template puts it")]
    Template,
}

impl TrafficFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 7] = [
        Self::RateLimited,
        Self::CountersUnreachable,
        Self::AddressNotAllowed,
        Self::RequestBodyTooLarge,
        Self::RequestBodyBroken,
        Self::ResponseBodyTooLarge,
        Self::Template,
    ];

    pub(super) fn row(self) -> Row {
        let unexpected = "An unexpected error occurred";
        let (code, status, message, blame) = match self {
            Self::RateLimited => {
                ("rate_limited", StatusCode::TOO_MANY_REQUESTS, "API rate limit exceeded", Blame::Client)
            }
            Self::CountersUnreachable => {
                ("counters_unreachable", StatusCode::INTERNAL_SERVER_ERROR, unexpected, Blame::Ours)
            }
            Self::AddressNotAllowed => {
                ("address_not_allowed", StatusCode::FORBIDDEN, "IP address not allowed", Blame::Client)
            }
            Self::RequestBodyTooLarge => (
                "plugin_request_body_too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "Payload too large",
                Blame::Client,
            ),
            Self::RequestBodyBroken => {
                ("plugin_request_body", StatusCode::BAD_REQUEST, "Bad request", Blame::Client)
            }
            Self::ResponseBodyTooLarge => (
                "plugin_response_body_too_large",
                StatusCode::BAD_GATEWAY,
                "An invalid response was received from the upstream server",
                Blame::Upstream,
            ),
            Self::Template => ("plugin_template", StatusCode::BAD_REQUEST, "Bad request", Blame::Client),
        };
        Row { code, status, error: None, message, blame }
    }
}

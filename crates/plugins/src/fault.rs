//! The one table of faults: each fault's stable code, status, OAuth error, body text and blame.
//!
//! Logs, metrics, documentation and tests all name a fault by its code.

mod access;
mod identity;
mod list;
mod overload;
mod session;
mod step_up;
mod traffic;

use http::StatusCode;

pub use access::{AccessFault, AuthorizationFault, CredentialFault, ReplayStoreFault};
pub use identity::IdentityFault;
pub use list::{Entry, entries};
pub use overload::OverloadFault;
pub use session::SessionFault;
pub use step_up::StepUpFault;
pub use traffic::TrafficFault;

/// Whose fault it is: decides the log level, and whether the answer may carry a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The request is broken or goes nowhere.
    Client,
    /// The access token.
    Token,
    /// The proof.
    Proof,
    /// The key, or the lack of one.
    Key,
    /// The upstream.
    Upstream,
    /// The OpenID provider.
    Provider,
    /// The configuration.
    Configuration,
    /// Keybound itself.
    Ours,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable, in lower case with underscores: `proof_htu_mismatch`.
    pub code: &'static str,
    /// The status of the answer.
    pub status: StatusCode,
    /// The error attribute of the challenge, where the answer carries one.
    pub error: Option<&'static str>,
    /// The body's text unless the configuration replaces it.
    pub message: &'static str,
    /// Whose fault it is.
    pub blame: Blame,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The request is broken.
    #[error(transparent)]
    Request(#[from] RequestFault),
    /// The request goes nowhere.
    #[error(transparent)]
    Route(#[from] RouteFault),
    /// The upstream did not answer, or not well.
    #[error(transparent)]
    Upstream(#[from] UpstreamFault),
    /// The credential, the token, its binding, or what it allows.
    #[error(transparent)]
    Access(#[from] AccessFault),
    /// Who calls as a consumer.
    #[error(transparent)]
    Identity(#[from] IdentityFault),
    /// What plugins demand of a request beside who sends it, and what they do with its response.
    #[error(transparent)]
    Traffic(#[from] TrafficFault),
    /// There is too much to do.
    #[error(transparent)]
    Overload(#[from] OverloadFault),
}

/// A request that is refused before routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// No `Host` in HTTP/1.1, more than one, or one that disagrees with `:authority`.
    #[error("the request names no host, or more than one")]
    Host,
    /// A host or authority that is not a name or address with an optional port.
    #[error("the request's host is malformed")]
    HostMalformed,
    /// A request target that is neither in origin form nor in absolute form with http or https.
    #[error("the request target is malformed")]
    Target,
    /// A path with a broken escape, a backslash, or an encoded slash that hides a dot segment.
    #[error("the path is malformed or ambiguous")]
    Path,
    /// Bytes that are not the head of a request.
    #[error("what came is not the head of a request")]
    Malformed,
    /// Content length and transfer coding that leave the body's end in doubt.
    #[error("the length of the request's body is in doubt")]
    Framing,
    /// A `Connection` field that nominates an end-to-end field.
    #[error("Connection nominates an end-to-end field")]
    ConnectionNominates,
    /// Forwarding fields of a trusted peer that contradict each other.
    #[error("the forwarding fields contradict each other")]
    ForwardedContradiction,
    /// A method that a gateway never forwards: CONNECT, TRACE.
    #[error("the method is not forwarded")]
    Method,
    /// A head larger than the listener takes.
    #[error("the request's head is too large")]
    HeadTooLarge,
    /// A body larger than the listener takes.
    #[error("the request's body is too large")]
    BodyTooLarge,
    /// The client did not send its request in time.
    #[error("the request did not arrive in time")]
    Timeout,
    /// A connection whose handshake asked otherwise for a client certificate than the request's host has it.
    #[error("the request's host needs a connection of its own")]
    Misdirected,
}

/// A request that matches nothing that could answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteFault {
    /// No route matches.
    #[error("no route matches")]
    NoRoute,
    /// The route has no service.
    #[error("the route has no service")]
    NoService,
    /// The route takes https only; the answer asks for an upgrade (426) or redirects.
    #[error("the route takes https only")]
    HttpsOnly,
    /// The route is for gRPC, and the request is not.
    #[error("the route is for gRPC, and the request is not")]
    NotGrpc,
    /// The route is for gRPC, and the request came over HTTP/1.
    #[error("the route is for gRPC, which needs HTTP/2")]
    GrpcNeedsHttp2,
    /// The route is for gRPC over TLS, and the request came without.
    #[error("the route is for gRPC over TLS only")]
    GrpcsOnly,
}

/// An upstream that did not answer, or not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFault {
    /// The name has no address.
    #[error("the upstream's name has no address")]
    NameResolution,
    /// Refused, reset, or an answer that is not HTTP.
    #[error("the upstream's answer is invalid, or there is none")]
    InvalidResponse,
    /// No connection or no byte in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// An upstream of several targets, none of which can be used.
    #[error("the upstream has no target that can be used")]
    NoPeer,
}

impl Fault {
    /// The fault's row of the table.
    #[must_use]
    pub fn row(&self) -> Row {
        match self {
            Self::Request(fault) => fault.row(),
            Self::Route(fault) => fault.row(),
            Self::Upstream(fault) => fault.row(),
            Self::Access(fault) => fault.row(),
            Self::Identity(fault) => fault.row(),
            Self::Traffic(fault) => fault.row(),
            Self::Overload(fault) => fault.row(),
        }
    }
}

impl RequestFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 13] = [
        Self::Host,
        Self::HostMalformed,
        Self::Target,
        Self::Path,
        Self::Malformed,
        Self::Framing,
        Self::ConnectionNominates,
        Self::ForwardedContradiction,
        Self::Method,
        Self::HeadTooLarge,
        Self::BodyTooLarge,
        Self::Timeout,
        Self::Misdirected,
    ];

    fn row(self) -> Row {
        let (code, status, message) = match self {
            Self::Host => ("request_host", StatusCode::BAD_REQUEST, "Bad request"),
            Self::HostMalformed => ("request_host_malformed", StatusCode::BAD_REQUEST, "Bad request"),
            Self::Target => ("request_target", StatusCode::BAD_REQUEST, "Bad request"),
            Self::Path => ("request_path", StatusCode::BAD_REQUEST, "Bad request"),
            Self::Malformed => ("request_malformed", StatusCode::BAD_REQUEST, "Bad request"),
            Self::Framing => ("request_framing", StatusCode::BAD_REQUEST, "Bad request"),
            Self::ConnectionNominates => {
                ("request_connection_nominates", StatusCode::BAD_REQUEST, "Bad request")
            }
            Self::ForwardedContradiction => {
                ("request_forwarded_contradiction", StatusCode::BAD_REQUEST, "Bad request")
            }
            Self::Method => ("request_method", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::HeadTooLarge => {
                ("request_head_too_large", StatusCode::BAD_REQUEST, "Request header or cookie too large")
            }
            Self::BodyTooLarge => {
                ("request_body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "Payload too large")
            }
            Self::Timeout => ("request_timeout", StatusCode::REQUEST_TIMEOUT, "Request timeout"),
            Self::Misdirected => {
                ("request_misdirected", StatusCode::MISDIRECTED_REQUEST, "Misdirected request")
            }
        };
        Row { code, status, error: None, message, blame: Blame::Client }
    }
}

impl RouteFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 6] = [
        Self::NoRoute,
        Self::NoService,
        Self::HttpsOnly,
        Self::NotGrpc,
        Self::GrpcNeedsHttp2,
        Self::GrpcsOnly,
    ];

    fn row(self) -> Row {
        let (code, status, message, blame) = match self {
            Self::NoRoute => {
                ("route_none", StatusCode::NOT_FOUND, "no Route matched with those values", Blame::Client)
            }
            Self::NoService => (
                "route_no_service",
                StatusCode::SERVICE_UNAVAILABLE,
                "no Service found with those values",
                Blame::Configuration,
            ),
            Self::HttpsOnly => {
                ("route_https_only", StatusCode::UPGRADE_REQUIRED, "Please use HTTPS protocol", Blame::Client)
            }
            Self::NotGrpc => (
                "route_not_grpc",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Non-gRPC request matched gRPC route",
                Blame::Client,
            ),
            Self::GrpcNeedsHttp2 => {
                ("route_grpc_http2", StatusCode::UPGRADE_REQUIRED, "Please use HTTP2 protocol", Blame::Client)
            }
            Self::GrpcsOnly => {
                ("route_grpcs_only", StatusCode::OK, "gRPC request matched gRPCs route", Blame::Client)
            }
        };
        Row { code, status, error: None, message, blame }
    }
}

impl UpstreamFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 4] = [Self::NameResolution, Self::InvalidResponse, Self::Timeout, Self::NoPeer];

    fn row(self) -> Row {
        let (code, status, message) = match self {
            Self::NameResolution => {
                ("upstream_name_resolution", StatusCode::SERVICE_UNAVAILABLE, "name resolution failed")
            }
            Self::InvalidResponse => (
                "upstream_invalid_response",
                StatusCode::BAD_GATEWAY,
                "An invalid response was received from the upstream server",
            ),
            Self::Timeout => {
                ("upstream_timeout", StatusCode::GATEWAY_TIMEOUT, "The upstream server is timing out")
            }
            Self::NoPeer => (
                "upstream_no_peer",
                StatusCode::SERVICE_UNAVAILABLE,
                "failure to get a peer from the ring-balancer",
            ),
        };
        Row { code, status, error: None, message, blame: Blame::Upstream }
    }
}

//! Calls to a provider: one client with bounds on time and size, and no redirects.

mod answer;
mod client;
mod proxy;
mod tls;

pub use client::{Delivered, HttpClient, HttpSettings};
pub use proxy::{Proxies, Proxy};
pub use tls::TrustRoots;

pub(crate) use answer::Answer;

/// Why a client for provider calls cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupFault {
    /// A PEM bundle of trusted certificates that cannot be used; says why.
    #[error("trusted certificates cannot be used: {0}")]
    Roots(String),
    /// The client's certificate or its key cannot be used; says why.
    #[error("the client certificate cannot be used: {0}")]
    Identity(String),
    /// A proxy that cannot be used; names the field.
    #[error("{0}: not a usable proxy")]
    Proxy(&'static str),
    /// The TLS library refuses the settings; says why.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The HTTP library refuses the settings; says why.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

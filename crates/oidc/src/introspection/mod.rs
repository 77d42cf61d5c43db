//! Token introspection (RFC 7662): asking the issuer what a token is worth.

mod answer;
mod cache;
mod client_auth;
mod introspector;
mod rate;
mod request;
mod settings;

pub use client_auth::{AuthMethod, ClientCredentials};
pub use introspector::Introspector;
pub use request::RequestExtras;
pub use settings::{CacheTimes, IntrospectionSettings};

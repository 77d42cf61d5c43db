//! Access tokens: what is demanded of them, and what is known of one that satisfies it.

mod cache;
mod claims;
mod kept;
mod kind;
mod policy;
mod verified;
mod verifier;

pub use cache::{TokenCache, TokenCacheFigures};
pub use policy::{TokenPolicy, TokenTypes};
pub use verified::{Shape, Source, VerifiedToken};
pub use verifier::Verifier;

pub(crate) use claims::Validity;
pub(crate) use kind::require_access_kind;

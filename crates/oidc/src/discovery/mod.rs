//! Provider metadata: where they are, what is taken from them (OpenID Connect Discovery 1.0, RFC 8414).

mod fetch;
mod location;
mod metadata;

pub use metadata::Metadata;

pub(crate) use fetch::fetch;
pub(crate) use location::{Location, endpoint};

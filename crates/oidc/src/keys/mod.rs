//! Key sets (RFC 7517): what is taken from one, which key may verify a token, and whose tokens.

mod fetch;
mod ownership;
mod ring;
mod set;

pub(crate) use set::KeySet;

pub(crate) use fetch::fetch;
pub(crate) use ownership::Ownership;
pub(crate) use ring::KeyRing;

//! The crate against a provider that answers as the test says, over real sockets and with a clock that the test moves.

// What the tests share is outside of test functions, where the lints do not see that it is a test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod bounds;
mod clients;
mod discovery;
mod introspection;
mod keys;
mod mock;
mod setup;
mod shared_answers;
mod signed_answers;
mod signer;
mod tokens;

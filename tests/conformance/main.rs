//! What the rules say of bound tokens, case by case, on the built gateway over a real socket. A case's name begins with
//! its id in the project's table of cases.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod claims;
mod credentials;
mod downgrade;
mod happy;
mod header;
mod htu;
mod nonce;
mod replay;

//! Requests that try to be read in two ways: what is refused reaches nobody, what is forwarded is what was checked, and
//! the gateway lives on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod fields;
mod framing;
mod secrets;
mod targets;

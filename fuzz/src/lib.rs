//! The bodies of the fuzz targets: plain functions, so that `crates/pop/tests/corpus.rs` replays the corpus without a fuzzer.
//!
//! Each asserts more than that nothing panics: what is accepted has one spelling, and what is refused is refused for a reason that
//! may be told.

pub mod compact_jws;
pub mod htu;
pub mod jwk;
pub mod proof;

/// A target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 4] =
    [("compact_jws", compact_jws::run), ("htu", htu::run), ("jwk", jwk::run), ("proof", proof::run)];

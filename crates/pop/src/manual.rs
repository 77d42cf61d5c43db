//! Chapters that belong to no single module.

#[doc = include_str!("../manual/threats.md")]
pub mod threats {}

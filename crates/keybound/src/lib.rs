//! The binary's parts as a library, so that tests can drive them: settings, logging, wiring, and the commands.
//!
//! Everything that decides on requests lives in the crates below this one; here it is only put together.

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod dpop;
pub mod instance;
pub mod logging;
mod reference;
pub mod settings;
pub mod start;
pub mod terminal;

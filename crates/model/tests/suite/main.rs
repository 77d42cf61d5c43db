//! What the model answers: each text, each rule.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod catalog;
mod declarative;
mod entities;
mod export;
mod files;
mod forms;
mod plugins;
mod routes;
mod schemas;
mod services;
mod tls;
mod updates;
mod vaults;

//! What the model answers: each text, each rule.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod catalog;
mod declarative;
mod forms;
mod plugins;
mod routes;
mod schemas;
mod services;
mod updates;

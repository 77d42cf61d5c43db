//! What every configuration store does, asked of each engine: one test for each rule and engine.
//!
//! PostgreSQL is a real server, started for this suite. A suite that cannot have one fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it measured"
)]

mod lab;

/// One test for each of these rules and each database.
macro_rules! each_database {
    ($($(#[$doc:meta])* $rule:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $rule() { super::$rule($crate::lab::Lab::sqlite().await).await; })+
        }
        mod postgres {
            $(#[tokio::test] async fn $rule() { super::$rule($crate::lab::Lab::postgres().await).await; })+
        }
    };
}

mod memory;
mod migrations;
mod nodes;
mod reads;
mod references;
mod sealing;
mod sqlite_file;
mod tls;
mod unique;
mod writers;
mod writes;

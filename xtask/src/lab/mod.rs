//! What the suites need beside Rust: installed once, below `target/lab`, in `tests/interop/node_modules`, or by the system.

pub(crate) mod deck;
pub(crate) mod go;
pub(crate) mod keycloak;
pub(crate) mod nginx;
pub(crate) mod npm;

// The suites' own, which have no business with a crate that must compile before all others.
#[path = "../../../tests/support/debian.rs"]
#[allow(
    clippy::expect_used,
    clippy::panic,
    reason = "shared with the suites, where a missing program must fail at once"
)]
#[allow(unreachable_pub, reason = "public there")]
pub(crate) mod debian;
#[path = "../../../tests/support/postgres.rs"]
#[allow(
    clippy::expect_used,
    clippy::panic,
    reason = "shared with the suites, where a missing program must fail at once"
)]
#[allow(dead_code, unreachable_pub, reason = "the suites need more of it")]
mod postgres;

pub(crate) use postgres::PostgresServer;

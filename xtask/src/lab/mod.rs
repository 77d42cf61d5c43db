//! What the suites need beside Rust: installed once, below `target/lab` and `tests/interop/node_modules`.

pub(crate) mod keycloak;
pub(crate) mod npm;

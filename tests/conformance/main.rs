//! What the rules say of bound tokens, case by case, on the built gateway over a real socket.
//!
//! A test's name begins with the id of its case in `cases.tsv`, and stands in the module of the case's group; neighbours of a
//! case, which the same rule decides, share its id. Nearly all cases share one gateway, each group with routes of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use keybound_suites::Stage;
use serde_json::{Value, json};

/// One test for each line: how the request is made, and the code with which it is refused as `invalid_dpop_proof`.
macro_rules! bad_proofs {
    ($($name:ident: $make:expr => $code:literal;)+) => { $(
        #[test]
        fn $name() {
            let make: fn(&keybound_suites::Stage) -> keybound_suites::Request = $make;
            let stage = crate::stage();
            stage.refused(stringify!($name), &make(stage), "invalid_dpop_proof", $code);
        }
    )+ };
}

/// As `bad_proofs`, for refusals as `invalid_token`.
macro_rules! bad_tokens {
    ($($name:ident: $make:expr => $code:literal;)+) => { $(
        #[test]
        fn $name() {
            let make: fn(&keybound_suites::Stage) -> keybound_suites::Request = $make;
            let stage = crate::stage();
            stage.refused(stringify!($name), &make(stage), "invalid_token", $code);
        }
    )+ };
}

/// One test for each line: a request that is forwarded as a bearer request with the token that it came with.
macro_rules! forwarded {
    ($($name:ident: $make:expr;)+) => { $(
        #[test]
        fn $name() {
            let make: fn(&keybound_suites::Stage) -> keybound_suites::Request = $make;
            let stage = crate::stage();
            let request = make(stage);
            stage.forwarded(stringify!($name), &request, request.token());
        }
    )+ };
}

mod challenge;
mod claims;
mod coverage;
mod credentials;
mod downgrade;
mod fapi;
mod happy;
mod http;
mod htu;
mod introspection;
mod jose_header;
mod jws_form;
mod mtls;
mod nonce;
mod ops;
mod replay;
mod token;

/// The gateway that the cases share. Its route `/guarded` is strict about DPoP and otherwise as it comes.
fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let settings = [
        ("proxy_listen", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl"),
        ("status_listen", "127.0.0.1:0"),
        ("log_level", "info"),
    ];
    Stage::shared(&STAGE, || Stage::start_with(&settings, json!({})))
}

/// The path of one more route of the shared gateway, made when first asked for.
fn route(name: &'static str, config: Value) -> String {
    static MADE: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = format!("/{name}");
    if made.insert(name) {
        stage().guard(name, &path, config);
    }
    path
}

/// A route that takes bound and unbound tokens.
fn optional() -> String {
    route("optional", json!({ "proof_of_possession_dpop": "optional" }))
}

//! Keybound's verifier against the RFCs' own examples, published attack vectors, properties, and a second opinion.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounded_work;
mod decision_table;
mod properties;
mod public_keys;
mod rfc7515;
mod rfc7517;
mod rfc7638;
mod rfc8037;
mod rfc8705;
mod rfc9449;
mod second_opinion;
mod wycheproof_sets;

use serde_json::{Map, Value};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

//! Keybound's verifier against the RFCs' own examples, published attack vectors, properties, and a second opinion.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod differential;
mod properties;
mod rfc7515;
mod rfc7517;
mod rfc7638;
mod rfc8037;
mod rfc8705;
mod rfc9449;
mod wycheproof_sets;

use keybound_pop::jwk::PublicKey;
use serde_json::{Map, Value};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn key(jwk: Value) -> PublicKey {
    PublicKey::from_jwk(&object(jwk)).expect("a key in order")
}

//! A token, read.

use keybound_pop::jws::CompactJws;
use serde_json::{Map, Value};

/// Bytes of the longest token that is read.
const MAX_LENGTH: usize = 16 * 1024;

/// The algorithms that a credential may have, as Kong names them.
const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384",
    "PS512", "EdDSA",
];

/// A token whose form is in order and whose signature nobody has checked yet.
pub(super) struct Token<'a> {
    jws: CompactJws<'a>,
    claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// What is wrong, in Kong's texts.
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        let jws = CompactJws::parse(text, MAX_LENGTH).map_err(|_| "invalid JSON")?;
        let claims = jws.claims().map_err(|_| "invalid JSON")?;
        match jws.header().get("typ") {
            None | Some(Value::Null) => {}
            Some(Value::String(typ)) if typ.eq_ignore_ascii_case("JWT") => {}
            Some(_) => return Err("invalid typ"),
        }
        let algorithm = jws.header().get("alg").and_then(Value::as_str);
        if !algorithm.is_some_and(|name| ALGORITHMS.contains(&name)) {
            return Err("invalid alg");
        }
        Ok(Self { jws, claims })
    }

    pub(super) fn header(&self) -> &Map<String, Value> {
        self.jws.header()
    }

    pub(super) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub(super) fn algorithm(&self) -> &str {
        self.jws.header().get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    pub(super) fn signature(&self) -> &[u8] {
        self.jws.signature()
    }
}

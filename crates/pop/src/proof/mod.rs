//! The check of a DPoP proof: RFC 9449 §4.3, in an order that is cheap before dear.
//!
//! [`ORDER`] is that order, and [`check`] reads like it: one step, one function, one file. A proof that breaks two rules is
//! refused for the earlier one. Nothing is written here: when [`check`] returns [`Verified`], the caller records
//! [`Verified::replay`] as the very last step, so a proof that failed burns nothing.

mod claims;
mod fault;
mod field;
mod header;
mod inspect;
mod target;
mod time;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::algorithm::AlgorithmSet;
use crate::base64url;
use crate::htu::Target;
use crate::nonce::NonceKeys;
use crate::replay::ReplayId;
use crate::thumbprint::Thumbprint;
use crate::time::UnixTime;

pub use fault::ProofFault;
pub use header::{KeyCache, NoCache, ProofHeader};
pub use inspect::{Explanation, detail, explain};

/// A step of the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Exactly one `DPoP` field, not too long.
    Field,
    /// Compact JWS in canonical base64url.
    Form,
    /// `typ`, `alg`, extensions, `jwk`.
    Header,
    /// `jti`, `htm`, `htu`, `iat`, `exp`, `nbf`, `nonce`, `ath` have their types.
    Claims,
    /// `htm` is the request's method.
    Method,
    /// `htu` is the request's URL.
    Target,
    /// The nonce, where one is required or given; without one, `iat` lies in its window.
    Time,
    /// `ath` is the digest of the token.
    TokenHash,
    /// The key is the token's.
    Key,
    /// The signature verifies; where its key is dear to check, only within the bound that the caller sets.
    Signature,
    /// The proof was not seen before. Done by the caller, who keeps the records.
    Replay,
}

/// The order of the check.
pub const ORDER: [Step; 11] = [
    Step::Field,
    Step::Form,
    Step::Header,
    Step::Claims,
    Step::Method,
    Step::Target,
    Step::Time,
    Step::TokenHash,
    Step::Key,
    Step::Signature,
    Step::Replay,
];

/// What a proof must satisfy, by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The algorithms that are accepted.
    pub algorithms: AlgorithmSet,
    /// Seconds that a proof or a nonce is valid.
    pub lifetime: i64,
    /// Seconds that two clocks may differ, both ways.
    pub leeway: i64,
    /// The longest proof, in bytes.
    pub max_length: usize,
}

/// What a nonce means.
#[derive(Debug, Clone, Copy)]
pub enum NoncePolicy<'a> {
    /// Any nonce is ignored; `iat` decides.
    Ignore,
    /// One of ours counts instead of `iat`; an unknown one is ignored.
    Accept(&'a NonceKeys, &'a [u8]),
    /// One of ours is demanded.
    Require(&'a NonceKeys, &'a [u8]),
}

/// The request that the proof must name.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, byte for byte.
    pub method: &'a str,
    /// The URL; several where the edge is known under several origins.
    pub targets: &'a [Target],
    /// Whether the path as received was changed in a way that `htu` tells apart: then no proof can name it.
    pub ambiguous_path: bool,
    /// Whether the request asks for an upgrade to WebSocket.
    pub websocket: bool,
    /// SHA-256 of the token as presented.
    pub token_hash: &'a [u8; 32],
}

/// A proof that was found in order, but for replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The key's thumbprint.
    pub thumbprint: Thumbprint,
    /// What names the proof.
    pub replay: ReplayId,
    /// Up to when the name must be remembered, that second included.
    pub keep_until: UnixTime,
    /// The proof's `iat`.
    pub issued_at: UnixTime,
    /// Age of the nonce in seconds, when one of ours was given.
    pub nonce_age: Option<i64>,
}

/// Checks a proof in the order of [`ORDER`], all but replay.
///
/// `fields` holds the value of every `DPoP` field line as received; `expected` is the token's `jkt`. A header that passed is kept
/// in `cache` only after its signature verified.
///
/// # Errors
/// The first rule that the proof breaks; see [`ProofFault`].
pub fn check(
    fields: &[&[u8]],
    request: &Request<'_>,
    expected: &Thumbprint,
    policy: &Policy,
    nonce: NoncePolicy<'_>,
    now: UnixTime,
    cache: &dyn KeyCache,
) -> Result<Verified, ProofFault> {
    let text = field::only(fields, policy.max_length)?;
    let parts = field::parts(text, policy.max_length)?;
    let payload = base64url::decode(parts.payload).map_err(|_| ProofFault::Form)?;
    let signature = base64url::decode(parts.signature).map_err(|_| ProofFault::Form)?;
    let kept = cache.find(parts.header);
    let is_known = kept.is_some();
    let header = match kept {
        Some(header) => header.accepted(policy.algorithms).map(|()| header)?,
        None => Arc::new(ProofHeader::parse(parts.header, policy.algorithms)?),
    };
    let claims = claims::read(&payload, now, policy.leeway)?;
    target::method(&claims, request)?;
    target::url(&claims, request)?;
    let fresh = time::check(&claims, policy, nonce, now)?;
    target::token(&claims, request)?;
    if !header.thumbprint().ct_eq(expected) {
        return Err(ProofFault::KeyMismatch);
    }
    if !cache.affords(&header) {
        return Err(ProofFault::WorkExhausted);
    }
    header
        .verify(cache.prepared(&header).as_deref(), parts.signing_input.as_bytes(), &signature)
        .map_err(|_| ProofFault::Signature)?;
    if !is_known {
        cache.keep(parts.header, &header);
    }
    Ok(Verified {
        thumbprint: *header.thumbprint(),
        replay: ReplayId::new(header.thumbprint(), &claims.jti),
        keep_until: fresh.keep_until,
        issued_at: UnixTime::from_secs(claims.iat),
        nonce_age: fresh.nonce_age,
    })
}

type Object = Map<String, Value>;

#[cfg(test)]
mod tests;

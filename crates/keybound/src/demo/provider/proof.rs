use std::collections::{HashSet, VecDeque};
use std::sync::PoisonError;

use http::HeaderMap;
use keybound_pop::htu::{self, Target};
use keybound_pop::jwk::PublicKey;
use keybound_pop::jws::CompactJws;
use keybound_pop::thumbprint::Thumbprint;
use serde_json::Value;

use super::Provider;

/// Seconds by which the time of a proof may differ.
const LEEWAY: i64 = 30;
/// How many proofs are remembered; the oldest make room.
const REMEMBERED: usize = 4096;

/// The proofs that were used.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    fn is_new(&mut self, id: String) -> bool {
        if !self.known.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// The key that a request to the token endpoint proves (RFC 9449 §5); `None` when it carries no proof.
pub(super) fn key(provider: &Provider, headers: &HeaderMap) -> Result<Option<Thumbprint>, &'static str> {
    let mut fields = headers.get_all("dpop").iter();
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err("more than one proof");
    }
    let text = field.to_str().map_err(|_| "the proof is not text")?;
    let jws = CompactJws::parse(text, 8192).map_err(|_| "the proof is not a compact JWS")?;
    if !jws.typ().is_some_and(|typ| typ.eq_ignore_ascii_case("dpop+jwt")) {
        return Err("typ is not dpop+jwt");
    }
    let Some(Value::Object(jwk)) = jws.header().get("jwk") else { return Err("jwk is missing") };
    let key = PublicKey::from_jwk(jwk).map_err(|_| "jwk is not a public key")?;
    let claims = jws.claims().map_err(|_| "the claims are not an object")?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    if claim("htm") != Some("POST") {
        return Err("htm is not the method");
    }
    if !claim("htu").is_some_and(|claim| names_token_endpoint(provider, claim)) {
        return Err("htu is not the token endpoint");
    }
    let issued = claims.get("iat").and_then(Value::as_i64).ok_or("iat is missing")?;
    if (provider.clock.now().secs() - issued).abs() > LEEWAY {
        return Err("iat is too far from now");
    }
    jws.verify(&key).map_err(|_| "the signature is wrong")?;
    let thumbprint = key.thumbprint();
    let jti = claim("jti").filter(|jti| jti.len() <= 256).ok_or("jti is missing or too long")?;
    let mut seen = provider.seen.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.is_new(format!("{thumbprint} {jti}")) {
        return Err("the proof was used before");
    }
    Ok(Some(thumbprint))
}

fn names_token_endpoint(provider: &Provider, claim: &str) -> bool {
    let endpoint = Target::parse(&format!("{}/token", provider.issuer()));
    endpoint.is_ok_and(|endpoint| htu::compare(claim, &endpoint, false).is_ok())
}

//! A signed introspection answer (RFC 9701 §5): the envelope around the claims.

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::jws::CompactJws;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use crate::fault::{Call, Cause, Fault, ProviderFault, TokenFault};
use crate::http::Answer;
use crate::provider::Provider;
use crate::token::Validity;

/// Seconds that clocks may differ at least.
const CLOCKS: u64 = 10;

/// What is demanded of the envelope.
pub(super) struct Envelope<'a> {
    /// Who asked: the audience. `None` where no client was named.
    pub(super) client: Option<&'a str>,
    pub(super) leeway: u64,
    pub(super) verify_signature: bool,
    pub(super) limit: usize,
}

impl Envelope<'_> {
    /// Opens an answer. In order: the media type; compact form, `crit`; `typ`; `alg`; the claims' JSON; `iss`, which is the
    /// configured issuer; `aud`, which holds the client; `iat`, which is there, and `exp` and `nbf` when there; the signature
    /// by a key of that issuer; `token_introspection`, an object.
    ///
    /// # Errors
    /// An answer of another type, for somebody else or without a signature says nothing of the token here, which is then not
    /// active (RFC 9701 §5, §8.1). Everything else is the provider's fault: the token may be as good as it says.
    pub(super) async fn open(
        &self,
        answer: &Answer,
        provider: &Provider,
        now: UnixTime,
    ) -> Result<Map<String, Value>, Fault> {
        let fault = |what| Fault::from(ProviderFault::new(Call::Introspection, Cause::Malformed(what)));
        let says_nothing = Fault::from(TokenFault::Inactive);
        if !is_jwt(answer) {
            return Err(fault("the introspection answer is not signed"));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|_| fault("no JWT"))?.trim();
        let jws = CompactJws::parse(text, self.limit).map_err(|_| fault("no signed JWT"))?;
        let typ = jws.typ().unwrap_or_default().to_ascii_lowercase();
        if !matches!(typ.as_str(), "token-introspection+jwt" | "application/token-introspection+jwt") {
            return Err(says_nothing);
        }
        let algorithm = jws.alg().ok().filter(|algorithm| AlgorithmSet::ALL.contains(*algorithm));
        let algorithm = algorithm.ok_or_else(|| says_nothing.clone())?;
        let mut claims = jws.claims().map_err(|_| fault("claims of the introspection answer"))?;
        let issuer = claims.get("iss").and_then(Value::as_str).ok_or_else(|| fault("no iss"))?;
        if !provider.is_own_issuer(issuer).await? {
            return Err(fault("iss of the introspection answer is another"));
        }
        if !self.client.is_none_or(|client| names(claims.get("aud"), client)) {
            return Err(says_nothing);
        }
        if !claims.contains_key("iat") {
            return Err(fault("no iat"));
        }
        // It was issued just now: a provider's clock that is a little ahead must not matter.
        Validity::read(&claims, self.leeway.max(CLOCKS))
            .and_then(|validity| validity.check(now))
            .map_err(|_| fault("times of the introspection answer"))?;
        if self.verify_signature {
            provider.own_keys().verify(&jws, jws.kid(), algorithm).await.map_err(
                |refused| match refused {
                    Fault::Token(_) => fault("signature of the introspection answer"),
                    other => other,
                },
            )?;
        }
        match claims.remove("token_introspection") {
            Some(Value::Object(inner)) => Ok(inner),
            _ => Err(fault("no token_introspection")),
        }
    }
}

fn is_jwt(answer: &Answer) -> bool {
    let Some(text) = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(media_type.as_str(), "application/token-introspection+jwt" | "application/jwt")
}

/// Whether an audience, one or a list, holds the client.
fn names(audience: Option<&Value>, client: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(several)) => several.iter().any(|one| one == client),
        _ => false,
    }
}

//! The verification of a JWT access token, step by step.

use std::sync::Arc;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::jws::{CompactJws, JwsFault};
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::cache::Partition;
use super::{Source, TokenCache, TokenPolicy, Validity, VerifiedToken, require_access_kind};
use crate::fault::{Call, Fault, TokenFault};
use crate::hmac::HmacAlgorithm;
use crate::provider::Provider;

/// Verifies JWT access tokens of one provider under one policy.
#[derive(Debug)]
pub struct Verifier {
    provider: Arc<Provider>,
    policy: TokenPolicy,
    cache: Partition,
}

/// A key as its provider wrote it.
type Key = Arc<Map<String, Value>>;

/// How a token is signed.
#[derive(Clone, Copy)]
enum Signed {
    /// By a key of its issuer.
    Key(Algorithm),
    /// By a secret that the configured issuer shares with a client of ours.
    Secret(HmacAlgorithm),
}

/// What a token says before anybody knows whether it is true.
struct Unverified<'a> {
    jws: CompactJws<'a>,
    signed: Signed,
    claims: Map<String, Value>,
    validity: Validity,
}

impl Verifier {
    /// A verifier that keeps its results in a part of `cache` that is its own.
    #[must_use]
    pub fn new(provider: Arc<Provider>, policy: TokenPolicy, cache: &TokenCache) -> Self {
        Self { provider, policy, cache: cache.partition() }
    }

    /// The result for a token that was verified before, without waiting; `hash` is the SHA-256 of the token.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] and the other faults of time: they are looked at again each time.
    #[must_use]
    pub fn cached(&self, hash: &[u8; 32]) -> Option<Result<Arc<VerifiedToken>, TokenFault>> {
        self.cache.lookup(hash, self.provider.clock.now())
    }

    /// Verifies an access token; `hash` is its SHA-256.
    ///
    /// In order: the cache; not encrypted; length and strict compact form, `crit`, `b64`, `zip`; `typ`; `alg`; the
    /// payload's JSON; the kind of token; `exp` there, `exp`, `nbf`, `iat`; `iss`; the signature by a key of that
    /// issuer; `cnf`; the audience when the policy has one. The binding is not checked.
    ///
    /// # Errors
    /// [`Fault::Token`] when the token is not acceptable, [`Fault::Provider`] when that cannot be told for lack of
    /// metadata or keys.
    pub async fn verify(&self, token: &str, hash: &[u8; 32]) -> Result<Arc<VerifiedToken>, Fault> {
        let now = self.provider.clock.now();
        if let Some(known) = self.cache.lookup(hash, now) {
            return Ok(known?);
        }
        self.cache.missed();
        let unverified = self.read(token, now)?;
        let (issuer, key) = self.verify_origin(&unverified).await?;
        let mut verified = VerifiedToken::new(issuer, unverified.claims, unverified.validity, Source::Jwt)?;
        verified.key = key;
        if self.policy.audience.as_ref().is_some_and(|audience| !audience.holds(&verified.claims)) {
            return Err(TokenFault::Audience.into());
        }
        let verified = Arc::new(verified);
        self.cache.keep(hash, &verified, token.len(), now);
        Ok(verified)
    }

    /// All that can be checked without a key.
    fn read<'a>(&self, token: &'a str, now: UnixTime) -> Result<Unverified<'a>, TokenFault> {
        if token.len() <= self.policy.max_length && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
            return Err(TokenFault::Encrypted);
        }
        let jws = CompactJws::parse(token, self.policy.max_length).map_err(TokenFault::Malformed)?;
        let header = jws.header();
        if header.contains_key("typ") && jws.typ().is_none() || !self.policy.types.accept(jws.typ()) {
            return Err(TokenFault::Type);
        }
        let signed = self.signed(&jws)?;
        if header.contains_key("kid") && jws.kid().is_none() {
            return Err(TokenFault::ClaimType("kid"));
        }
        let claims = jws.claims().map_err(TokenFault::Malformed)?;
        require_access_kind(&claims, jws.typ())?;
        let mut validity = Validity::UNCHECKED;
        if self.policy.verify_claims {
            validity = Validity::read(&claims, self.policy.leeway)?;
            if validity.expires().is_none() {
                return Err(TokenFault::ClaimMissing("exp"));
            }
            validity.check(now)?;
        }
        Ok(Unverified { jws, signed, claims, validity })
    }

    fn signed(&self, jws: &CompactJws<'_>) -> Result<Signed, TokenFault> {
        if let (Some(_), Some(Value::String(name))) = (&self.policy.secrets, jws.header().get("alg"))
            && let Some(algorithm) = HmacAlgorithm::from_name(name)
        {
            return Ok(Signed::Secret(algorithm));
        }
        let algorithm = jws.alg().map_err(|_: JwsFault| TokenFault::Algorithm)?;
        if self.policy.algorithms.contains(algorithm) {
            Ok(Signed::Key(algorithm))
        } else {
            Err(TokenFault::Algorithm)
        }
    }

    /// Issuer and signature: they belong together, because the issuer decides on the keys.
    async fn verify_origin(&self, token: &Unverified<'_>) -> Result<(Arc<str>, Option<Key>), Fault> {
        let issuer = match token.claims.get("iss") {
            Some(Value::String(issuer)) => Some(issuer.as_str()),
            Some(_) if self.policy.verify_claims => return Err(TokenFault::ClaimType("iss").into()),
            _ => None,
        };
        if self.policy.verify_parameters
            && let Some(metadata) = self.provider.metadata().await?
        {
            self.provider.agree(Call::Keys, &metadata)?;
        }
        let demanded = self.policy.verify_claims || self.provider.lists_issuers();
        let keys = match issuer {
            Some(issuer) if demanded => match token.signed {
                Signed::Key(_) => self.provider.keys_for(issuer).await?,
                // The secrets are shared with the configured issuer: another one, though allowed, has not signed with them.
                Signed::Secret(_) if self.provider.is_own_issuer(issuer).await? => self.provider.own_keys(),
                Signed::Secret(_) => return Err(TokenFault::Issuer.into()),
            },
            None if demanded => return Err(TokenFault::ClaimMissing("iss").into()),
            _ => self.provider.own_keys(),
        };
        let key = match token.signed {
            _ if !self.policy.verify_signature => None,
            Signed::Key(algorithm) => {
                self.provider.http.calls().checked(algorithm);
                Some(keys.verify(&token.jws, token.jws.kid(), algorithm).await?)
            }
            Signed::Secret(algorithm) => {
                let verified = self.policy.secrets.as_ref().is_some_and(|secrets| {
                    secrets.verify(algorithm, token.jws.signing_input(), token.jws.signature())
                });
                if !verified {
                    return Err(TokenFault::Signature.into());
                }
                None
            }
        };
        match issuer {
            Some(issuer) => Ok((issuer.into(), key)),
            None => Ok((self.provider.issuer().await?, key)),
        }
    }
}

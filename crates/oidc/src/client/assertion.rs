//! The JWT with which a client authenticates (RFC 7523 §3).

use aws_lc_rs::rand;
use keybound_pop::base64url;
use keybound_pop::sign::{SigningKey, jws};
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value, json};

use super::{Authentication, secret};
use crate::fault::Cause;
use crate::hmac::HmacAlgorithm;

/// Seconds for which an assertion holds: long enough for clocks that differ a little, short for whoever steals one.
const LIFETIME: i64 = 60;

/// RFC 7523 §2.2.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A private key, and what the header says of it.
pub(crate) struct Named {
    key: SigningKey,
    header: Map<String, Value>,
}

impl Named {
    /// A key whose `kid` and certificate thumbprints, if `jwk` has them, name it in the header.
    pub(super) fn new(key: SigningKey, jwk: &Map<String, Value>) -> Self {
        let mut header = Map::new();
        header.insert("typ".to_owned(), "JWT".into());
        for name in ["kid", "x5t", "x5t#S256"] {
            if let Some(value @ Value::String(_)) = jwk.get(name) {
                header.insert(name.to_owned(), value.clone());
            }
        }
        Self { key, header }
    }

    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(super) fn assertion(&self, claims: &Map<String, Value>) -> Result<String, Cause> {
        jws(&self.key, self.header.clone(), claims).map_err(|_| Cause::ClientKeys)
    }
}

/// The claims: the client speaks for itself, to this issuer only (one audience, so that another server that is handed the
/// assertion cannot pass it on), once, for a minute.
pub(super) fn claims(client: &str, issuer: &str, now: UnixTime) -> Result<Map<String, Value>, Cause> {
    let mut jti = [0; 16];
    rand::fill(&mut jti).map_err(|_| Cause::ClientKeys)?;
    let mut claims = Map::new();
    for (name, value) in [
        ("iss", json!(client)),
        ("sub", json!(client)),
        ("aud", json!(issuer)),
        ("jti", json!(base64url::encode(&jti))),
        ("iat", json!(now.secs())),
        ("exp", json!(now.secs().saturating_add(LIFETIME))),
    ] {
        claims.insert(name.to_owned(), value);
    }
    Ok(claims)
}

/// An assertion with an HMAC of the client's secret.
pub(super) fn with_secret(
    algorithm: HmacAlgorithm,
    secret: &str,
    claims: &Map<String, Value>,
) -> Result<String, Cause> {
    let header = json!({"typ": "JWT", "alg": algorithm.name()}).to_string();
    let payload = serde_json::to_vec(claims).map_err(|_| Cause::ClientKeys)?;
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(&payload));
    let signature = algorithm.sign(secret, input.as_bytes());
    Ok(format!("{input}.{}", base64url::encode(&signature)))
}

/// The form fields of an assertion.
pub(super) fn form(client: &str, assertion: String) -> Authentication {
    let fields = [("client_assertion_type", TYPE.to_owned()), ("client_assertion", assertion)];
    let mut form = vec![secret::id(client)];
    form.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Authentication { header: None, form }
}

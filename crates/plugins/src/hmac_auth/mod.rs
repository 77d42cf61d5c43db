//! The plugin `hmac-auth`: a signature over header fields, made with a shared secret, says who calls.
//!
//! | step | what |
//! |---|---|
//! | date | `X-Date` or `Date` is near our own time, so that a request cannot be sent again later |
//! | [`signature`] | the field is read: name, algorithm, what is signed, signature |
//! | [`text`] | what is signed is put together, and the signature compared |
//! | digest | with `validate_request_body`: `Digest` is that of the body |

mod schema;
mod signature;
mod text;

use std::time::UNIX_EPOCH;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, DATE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_model::{PluginDescription, Record};
use keybound_pop::time::UnixTime;
use serde_json::Value;

use self::signature::Signature;
use crate::contract::{BodySource, Refusal};
use crate::fault::IdentityFault;
use crate::identity::{self, BODY_LIMIT, Call, Found, Invalid, Method};

const X_DATE: HeaderName = HeaderName::from_static("x-date");
const DIGEST: HeaderName = HeaderName::from_static("digest");

/// The settings of one instance.
pub(crate) struct HmacAuth {
    hide: bool,
    /// Seconds between the client's time and ours.
    clock_skew: f64,
    validate_body: bool,
    enforced: Vec<String>,
    algorithms: Vec<String>,
    challenge: HeaderValue,
}

impl Method for HmacAuth {
    const NAME: &'static str = "hmac-auth";
    const PRIORITY: i32 = 1030;

    fn description() -> PluginDescription {
        schema::description()
    }

    fn parse(config: &Record) -> Result<Self, Invalid> {
        Ok(Self {
            hide: identity::flag(config, "hide_credentials"),
            clock_skew: config.get("clock_skew").and_then(Value::as_f64).unwrap_or(300.0),
            validate_body: identity::flag(config, "validate_request_body"),
            enforced: identity::list(config, "enforce_headers"),
            algorithms: identity::list(config, "algorithms"),
            challenge: identity::challenge("hmac", identity::text(config, "realm"), None)?,
        })
    }

    async fn identify<'a>(&'a self, call: Call<'a>) -> Result<Found, Box<Refusal>> {
        self.find(call).await.map_err(|fault| identity::refusal(fault, &self.challenge))
    }
}

impl HmacAuth {
    async fn find(&self, call: Call<'_>) -> Result<Found, IdentityFault> {
        let Call { head, body, directory, now } = call;
        let has = |name| head.headers.contains_key(name);
        if !has(PROXY_AUTHORIZATION) && !has(AUTHORIZATION) {
            return Err(IdentityFault::HmacMissing);
        }
        if !self.is_near(&head.headers, &X_DATE, now) && !self.is_near(&head.headers, &DATE, now) {
            return Err(IdentityFault::HmacDate);
        }
        let (name, signature) = [PROXY_AUTHORIZATION, AUTHORIZATION]
            .into_iter()
            .find_map(|name| Some((name.clone(), Signature::read(&head.headers, &name)?)))
            .ok_or(IdentityFault::HmacMalformed)?;
        // A date that is near must be a signed one, where one is signed: beside a new date that is not, a signature over an
        // old one would last for ever.
        let is_signed = |name: &HeaderName| {
            signature.fields.iter().any(|field| field.eq_ignore_ascii_case(name.as_str()))
        };
        let mut dates = [X_DATE, DATE].into_iter().filter(is_signed).peekable();
        if dates.peek().is_some() && !dates.any(|name| self.is_near(&head.headers, &name, now)) {
            return Err(IdentityFault::HmacDate);
        }
        let signed = text::signed(head, &signature.fields);
        if self.hide {
            head.headers.remove(&name);
        }
        let algorithm = self.admitted(&signature).ok_or(IdentityFault::HmacMalformed)?;
        let credential = directory.hmac_auth(&signature.username).ok_or(IdentityFault::HmacUnknown)?;
        let secret = credential.secret.as_deref().ok_or(IdentityFault::HmacUnknown)?;
        let key = hmac::Key::new(algorithm, secret.as_bytes());
        let signed = signed.ok_or(IdentityFault::HmacSignature)?;
        hmac::verify(&key, &signed, &signature.bytes).map_err(|_| IdentityFault::HmacSignature)?;
        if self.validate_body && !is_digest(&head.headers, body).await {
            return Err(IdentityFault::HmacDigest);
        }
        let consumer = directory.consumer(credential.consumer).ok_or(IdentityFault::HmacUnknown)?.clone();
        Ok(Found { consumer, credential: credential.username.clone() })
    }

    /// Whether a field holds a moment near ours.
    fn is_near(&self, headers: &HeaderMap, name: &HeaderName, now: UnixTime) -> bool {
        let moment = headers
            .get(name)
            .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok())
            .and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        // Moments fit into the 53 bits that are exact.
        #[allow(clippy::cast_precision_loss)]
        moment.is_some_and(|moment| (now.secs() as f64 - moment.as_secs() as f64).abs() <= self.clock_skew)
    }

    /// The algorithm of a signature that covers what it must, where the configuration allows it.
    fn admitted(&self, signature: &Signature) -> Option<hmac::Algorithm> {
        let covers = |name: &String| signature.fields.contains(name);
        if !self.enforced.iter().all(covers) || !self.algorithms.contains(&signature.algorithm) {
            return None;
        }
        match signature.algorithm.as_str() {
            "hmac-sha1" => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            "hmac-sha256" => Some(hmac::HMAC_SHA256),
            "hmac-sha384" => Some(hmac::HMAC_SHA384),
            "hmac-sha512" => Some(hmac::HMAC_SHA512),
            _ => None,
        }
    }
}

/// The signature of a field and the text that it is over, for a fuzz target: user, algorithm, names, signature, text.
#[must_use]
pub fn signature_of(head: &crate::contract::Head, name: &HeaderName) -> Option<SignatureParts> {
    let signature = Signature::read(&head.headers, name)?;
    let signed = text::signed(head, &signature.fields);
    Some((signature.username, signature.algorithm, signature.fields, signature.bytes, signed))
}

/// See [`signature_of`].
pub type SignatureParts = (String, String, Vec<String>, Vec<u8>, Option<Vec<u8>>);

/// Whether `Digest` is that of the body; without the field the body must be empty.
async fn is_digest(headers: &HeaderMap, body: &mut dyn BodySource) -> bool {
    let Ok(bytes) = body.whole(BODY_LIMIT).await else { return false };
    match headers.get(DIGEST) {
        None => bytes.is_empty(),
        Some(given) => {
            let made = STANDARD.encode(digest::digest(&digest::SHA256, &bytes));
            given.as_bytes().strip_prefix(b"SHA-256=") == Some(made.as_bytes())
        }
    }
}

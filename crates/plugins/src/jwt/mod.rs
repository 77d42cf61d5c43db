//! The plugin `jwt`: a signed token that names a consumer's credential says who calls.
//!
//! | step | from | to |
//! |---|---|---|
//! | [`place`] | query, cookies, header fields | the one token |
//! | [`token`] | the token | header, claims, what is signed |
//! | [`verify`] | token and credential | the signature is good, with the credential's own algorithm |
//! | [`times`] | claims | `exp` and `nbf` allow its use |
//!
//! The algorithm is the credential's, never the token's choice. The symmetric ones are known here and nowhere else: what
//! checks tokens of providers and proofs cannot express them.

mod pem;
mod place;
mod schema;
mod times;
mod token;
mod verify;

use std::borrow::Cow;
use std::future::Future;

use http::{HeaderName, HeaderValue};
use keybound_model::{PluginDescription, Record};
use keybound_pop::time::UnixTime;
use serde_json::Value;

use self::times::Times;
use self::token::Token;
use self::verify::Keys;
use crate::contract::{Directory, Head, Refusal};
use crate::fault::IdentityFault;
use crate::identity::{self, Call, Found, Invalid, Method};

/// The settings of one instance.
pub(crate) struct Jwt {
    parameters: Vec<String>,
    cookies: Vec<String>,
    fields: Vec<HeaderName>,
    key_claim: String,
    secret_is_base64: bool,
    times: Times,
    keys: Keys,
    /// The challenge to a request without a token.
    challenge: HeaderValue,
    /// The challenge to a request whose token is no good.
    invalid: HeaderValue,
}

impl Method for Jwt {
    const NAME: &'static str = "jwt";
    const PRIORITY: i32 = 1450;

    fn description() -> PluginDescription {
        schema::description()
    }

    fn parse(config: &Record) -> Result<Self, Invalid> {
        let realm = identity::text(config, "realm");
        let fields = identity::list(config, "header_names").into_iter().map(|name| {
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Invalid { field: "header_names", text: format!("bad header name '{name}'") })
        });
        Ok(Self {
            parameters: identity::list(config, "uri_param_names"),
            cookies: identity::list(config, "cookie_names"),
            fields: fields.collect::<Result<_, Invalid>>()?,
            key_claim: identity::text(config, "key_claim_name").unwrap_or("iss").to_owned(),
            secret_is_base64: identity::flag(config, "secret_is_base64"),
            times: Times::parse(config),
            keys: Keys::new(),
            challenge: identity::challenge("Bearer", realm, None)?,
            invalid: identity::challenge("Bearer", realm, Some("invalid_token"))?,
        })
    }

    fn identify<'a>(
        &'a self,
        call: Call<'a>,
    ) -> impl Future<Output = Result<Found, Box<Refusal>>> + Send + 'a {
        std::future::ready(self.find(call.head, call.directory, call.now))
    }
}

impl Jwt {
    fn find(&self, head: &Head, directory: &Directory, now: UnixTime) -> Result<Found, Box<Refusal>> {
        let refused = |fault| self.refused(fault);
        let text = place::token(head, &self.parameters, &self.cookies, &self.fields).map_err(refused)?;
        let token = Token::read(&text).map_err(|reason| {
            self.saying(IdentityFault::JwtMalformed, format!("Bad token; {reason}").into())
        })?;
        let credential = self.key(&token).map_err(refused)?;
        let credential = directory.jwt(credential).ok_or_else(|| refused(IdentityFault::JwtUnknown))?;
        self.keys.verify(&token, credential, self.secret_is_base64).map_err(refused)?;
        self.times.check(token.claims(), now).map_err(|members| {
            Box::new(Refusal { members: Some(members), ..*refused(IdentityFault::JwtTimes) })
        })?;
        let consumer =
            directory.consumer(credential.consumer).ok_or_else(|| refused(IdentityFault::JwtUnknown))?;
        Ok(Found { consumer: consumer.clone(), credential: credential.key.clone() })
    }

    /// What the token calls its credential, in its claims or else in its header.
    fn key<'a>(&self, token: &'a Token<'_>) -> Result<&'a str, IdentityFault> {
        let named = |members: &'a serde_json::Map<String, Value>| {
            members.get(&self.key_claim).filter(|value| !matches!(value, Value::Null | Value::Bool(false)))
        };
        let value =
            named(token.claims()).or_else(|| named(token.header())).ok_or(IdentityFault::JwtKeyMissing)?;
        value.as_str().filter(|text| !text.is_empty()).ok_or(IdentityFault::JwtKeyInvalid)
    }

    fn refused(&self, fault: IdentityFault) -> Box<Refusal> {
        let claim = &self.key_claim;
        match fault {
            IdentityFault::JwtMissing => identity::refusal(fault, &self.challenge),
            IdentityFault::JwtKeyMissing => {
                self.saying(fault, format!("No mandatory '{claim}' in claims").into())
            }
            IdentityFault::JwtKeyInvalid => self.saying(fault, format!("Invalid '{claim}' in claims").into()),
            IdentityFault::JwtUnknown => {
                self.saying(fault, format!("No credentials found for given '{claim}'").into())
            }
            _ => identity::refusal(fault, &self.invalid),
        }
    }

    fn saying(&self, fault: IdentityFault, message: Cow<'static, str>) -> Box<Refusal> {
        let mut refusal = identity::refusal(fault, &self.invalid);
        refusal.message = Some(message);
        refusal
    }
}

/// Whether the text is a token that is read, for a fuzz target.
pub(crate) fn is_readable(text: &str) -> bool {
    Token::read(text).is_ok_and(|token| !token.algorithm().is_empty() && !token.signing_input().is_empty())
}

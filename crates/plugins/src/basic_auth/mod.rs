//! The plugin `basic-auth`: a name and a password say who calls (RFC 7617).
//!
//! `Proxy-Authorization` is looked at first, then `Authorization`. Passwords are stored as Kong stores them: SHA-1 over
//! the password and the consumer's id.

mod password;

use std::future::Future;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_model::schema::{Schema, boolean, string};
use keybound_model::{PluginDescription, Record};

use crate::contract::{Directory, Refusal};
use crate::fault::IdentityFault;
use crate::identity::{self, Call, Found, Invalid, Method};

/// The settings of one instance.
pub(crate) struct BasicAuth {
    hide: bool,
    challenge: HeaderValue,
}

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a field says.
struct Given {
    username: String,
    password: Vec<u8>,
}

impl Method for BasicAuth {
    const NAME: &'static str = "basic-auth";
    const PRIORITY: i32 = 1100;

    fn description() -> PluginDescription {
        identity::described(Self::NAME, Self::PRIORITY, schema())
    }

    fn parse(config: &Record) -> Result<Self, Invalid> {
        Ok(Self {
            hide: identity::flag(config, "hide_credentials"),
            challenge: identity::challenge("Basic", identity::text(config, "realm"), None)?,
        })
    }

    fn identify<'a>(
        &'a self,
        call: Call<'a>,
    ) -> impl Future<Output = Result<Found, Box<Refusal>>> + Send + 'a {
        let found = self.find(&mut call.head.headers, call.directory);
        std::future::ready(found.map_err(|fault| identity::refusal(fault, &self.challenge)))
    }
}

impl BasicAuth {
    fn find(&self, headers: &mut HeaderMap, directory: &Directory) -> Result<Found, IdentityFault> {
        let mut fault = IdentityFault::BasicMissing;
        for name in [PROXY_AUTHORIZATION, AUTHORIZATION] {
            let given = given(headers, &name);
            if self.hide {
                headers.remove(&name);
            }
            match given {
                // The other field may have what this one lacks.
                Err(IdentityFault::BasicMissing) => {}
                Err(other) => fault = other,
                Ok(given) => match directory.basic_auth(&given.username) {
                    // A name that is somebody's decides: the other field is not looked at.
                    Some(_) => return known(&given, directory),
                    None => {
                        password::of_nobody(&given.password);
                        fault = IdentityFault::BasicRejected;
                    }
                },
            }
        }
        Err(fault)
    }
}

fn known(given: &Given, directory: &Directory) -> Result<Found, IdentityFault> {
    directory
        .basic_auth(&given.username)
        .filter(|credential| password::fits(&given.password, credential))
        .and_then(|credential| {
            let consumer = directory.consumer(credential.consumer)?.clone();
            Some(Found { consumer, credential: credential.username.clone() })
        })
        .ok_or(IdentityFault::BasicRejected)
}

/// Name and password of a field, for a fuzz target.
pub(crate) fn read_field(headers: &HeaderMap, name: &HeaderName) -> Option<(String, Vec<u8>)> {
    given(headers, name).ok().map(|given| (given.username, given.password))
}

/// Name and password of a field.
fn given(headers: &HeaderMap, name: &HeaderName) -> Result<Given, IdentityFault> {
    let mut lines = headers.get_all(name).iter();
    let value = lines.next().ok_or(IdentityFault::BasicMissing)?;
    if lines.next().is_some() {
        return Err(IdentityFault::BasicMalformed);
    }
    read(value.as_bytes()).ok_or(IdentityFault::BasicMalformed)
}

fn read(value: &[u8]) -> Option<Given> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked("Basic".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic") || !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    let mut username = BASE64.decode(rest.trim_ascii()).ok()?;
    let colon = username.iter().position(|byte| *byte == b':')?;
    let password = username.split_off(colon + 1);
    username.pop();
    Some(Given { username: String::from_utf8(username).ok()?, password })
}

fn schema() -> Schema {
    Schema::new([
        (
            "anonymous",
            string().doc("The consumer, by id or username, that stands for callers that are not known."),
        ),
        (
            "hide_credentials",
            boolean()
                .required()
                .default(false)
                .doc("Whether name and password are taken out before the request is forwarded."),
        ),
        ("realm", string().required().default("service").doc("The realm in the challenge.")),
    ])
}

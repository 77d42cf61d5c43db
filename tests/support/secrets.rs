//! No log shows a secret: every line that a gateway of the suites writes is looked at, in this one place.
//!
//! What looks like a part of a JWS is always one: tokens, proofs and signed answers. Other secrets are known because the suites
//! learn of them here: passwords and keys that are configured, cookies that are set, credentials that are sent.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Shorter ones would be found in words.
const SHORTEST: usize = 12;
/// Base64url digits behind `eyJ`, which is how a JSON object begins.
const SEGMENT: usize = 30;

/// Members of configurations that hold a secret.
const MEMBERS: [&str; 12] = [
    "client_secret",
    "d",
    "dpop_nonce_secrets",
    "introspection_post_args_values",
    "key",
    "pass",
    "password",
    "redis_password",
    "secret",
    "sentinel_password",
    "session_secret",
    "store_key",
];

static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// No log may show this text from now on.
pub fn register(secret: &str) {
    if secret.len() >= SHORTEST && !secret.contains(char::is_whitespace) {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_default().insert(secret.to_owned());
    }
}

/// No log may show the secrets of this configuration.
pub(crate) fn register_members(value: &Value) {
    match value {
        Value::Array(values) => values.iter().for_each(register_members),
        Value::Object(members) => {
            for (name, value) in members {
                if MEMBERS.contains(&name.as_str()) {
                    texts(value);
                } else {
                    register_members(value);
                }
            }
        }
        _ => {}
    }
}

/// No log may show the credentials in the head of this request.
pub(crate) fn register_sent(request: &[u8]) {
    for line in String::from_utf8_lossy(request).split("\r\n").skip(1).take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" | "dpop" => {
                value.trim().split([' ', '"', ',']).for_each(register);
            }
            "cookie" => register_cookies(value.split(';')),
            _ => {}
        }
    }
}

/// No log may show the values of these cookies.
pub(crate) fn register_cookies<'a>(pairs: impl IntoIterator<Item = &'a str>) {
    for pair in pairs {
        if let Some((_, value)) = pair.split_once('=') {
            register(value.trim());
        }
    }
}

/// What a line of a log shows that it must not.
#[must_use]
pub fn shown(line: &str) -> Option<String> {
    if let Some(segment) = segment(line) {
        return Some(format!("a part of a JWS: {segment}"));
    }
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .iter()
        .flatten()
        .find(|secret| line.contains(secret.as_str()))
        .map(|secret| format!("a secret: {secret}"))
}

/// Ends the tests with a message if the line shows a secret. A gateway may outlive the test that it served, so that there is
/// no test to fail.
pub fn check(line: &str) {
    if let Some(shown) = shown(line) {
        #[allow(clippy::print_stderr, reason = "the reason why the tests end")]
        {
            eprintln!("\na log shows {shown}\n{line}");
        }
        std::process::exit(101);
    }
}

/// The first thing in a line that is as long and as JSON as a part of a JWS.
fn segment(line: &str) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let bytes = line.as_bytes();
    line.match_indices("eyJ").find_map(|(at, _)| {
        // In the middle of a digest it means nothing.
        let starts = at == 0 || !is_digit(bytes[at - 1]);
        let length = bytes[at..].iter().take_while(|byte| is_digit(**byte)).count();
        (starts && length >= 3 + SEGMENT).then(|| &line[at..at + length])
    })
}

fn texts(value: &Value) {
    match value {
        // A key in PEM has lines, each of them a part of it.
        Value::String(text) => text.lines().for_each(register),
        Value::Array(values) => values.iter().for_each(texts),
        other => register_members(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_jws_are_seen_and_digests_are_not() {
        let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lkLnRlc3QifQ.c2ln";
        assert!(shown(&format!(r#"{{"message":"got {token}"}}"#)).is_some());
        assert!(shown(token.split('.').next().unwrap()).is_some());
        assert!(shown(r#"{"jkt":"0ZeyJOCORZNYyDWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#).is_none());
        assert!(shown("eyJ is how they begin").is_none());
    }

    #[test]
    fn what_was_registered_is_seen_wherever_it_stands() {
        register_members(&serde_json::json!({ "config": { "client_secret": ["a-secret-of-this-test"] } }));
        register_sent(b"GET / HTTP/1.1\r\nAuthorization: Basic c29tZWJvZHk6d29yZA==\r\nCookie: a=b; c=cookie-of-this-test\r\n\r\n");
        for secret in ["a-secret-of-this-test", "c29tZWJvZHk6d29yZA==", "cookie-of-this-test"] {
            assert!(shown(&format!("before{secret}after")).is_some(), "{secret}");
        }
        assert!(shown("Basic").is_none());
    }
}

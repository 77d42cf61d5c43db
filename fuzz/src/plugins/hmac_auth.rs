//! Any bytes as the fields of a request with a signature of `hmac-auth`.

use http::header::AUTHORIZATION;
use keybound_plugins::fuzzing::hmac_signature;

use crate::message;

/// What is signed is bounded, names every field once and in order, and never a field that is there twice.
pub fn run(data: &[u8]) {
    let head = message::head(message::fields(data), None);
    let Some((username, algorithm, names, _, signed)) = hmac_signature(&head, &AUTHORIZATION) else { return };
    assert!(!username.is_empty() && !algorithm.is_empty() && !username.contains('"'));
    assert!((1..=64).contains(&names.len()));
    let twice = names.iter().any(|name| head.headers.get_all(name.as_str()).iter().count() > 1);
    assert_eq!(signed.is_none(), twice);
    let Some(signed) = signed else { return };
    let longest = head.headers.values().map(http::HeaderValue::len).max().unwrap_or(0);
    assert!(signed.len() <= names.iter().map(|name| name.len() + longest + 64).sum());
    let lines: Vec<&[u8]> = signed.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), names.len(), "one line for each name");
}

//! Any bytes as a field of `basic-auth`.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use keybound_plugins::fuzzing::basic_auth;

/// A name has no colon; what is read is at most what was sent; two lines are never one.
pub fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    headers.insert(AUTHORIZATION, value.clone());
    let Some((name, password)) = basic_auth(&headers, &AUTHORIZATION) else { return };
    assert!(!name.contains(':'));
    assert!(name.len() + password.len() < data.len());
    assert!(data.trim_ascii().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic")));
    headers.append(AUTHORIZATION, value);
    assert_eq!(basic_auth(&headers, &AUTHORIZATION), None);
}

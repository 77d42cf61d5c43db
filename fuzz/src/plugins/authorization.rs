//! Any bytes as fields that may hold a token, after a first line that is the query.

use http::header::{AUTHORIZATION, COOKIE};
use keybound_plugins::fuzzing::{
    cookies_without_credential, credential, edited_query, jwt, query_without_credential,
};
use keybound_pop::jws::CompactJws;

use crate::message;

const COOKIE_NAME: &str = "token";

/// One token or none; what was taken out is not there any more; two `Authorization` lines are never one.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(at);
    // hyper takes only these bytes in a request target.
    let query =
        std::str::from_utf8(first).ok().filter(|text| text.bytes().all(|byte| byte > 0x20 && byte != b'#'));
    let headers = message::fields(rest);
    let head = message::head(headers, query.map(str::to_owned));
    let found = credential(&head, COOKIE_NAME);
    assert_eq!(found, credential(&head, COOKIE_NAME), "the same twice");
    if head.headers.get_all(AUTHORIZATION).iter().count() > 1 {
        assert!(found.is_err());
    }
    if let Ok(Some((dpop, place, token))) = found {
        assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
        assert!(!dpop || place == "Authorization", "a bound token has one place");
        assert_eq!(jwt(&token), jwt(&token));
        if jwt(&token) {
            assert!(CompactJws::parse(&token, 16 * 1024).is_ok(), "two readers agree");
        }
    }
    if let Some(query) = query {
        without(query);
        let edited = edited_query(query).expect("a parameter is added");
        let names: Vec<_> = pairs(&edited).into_iter().map(|(name, _)| name).collect();
        assert!(!names.iter().any(|name| name == "gone" || name == "old"), "{edited}");
        assert!(names.iter().any(|name| name == "more"));
        assert_eq!(edited_query(&edited).as_deref(), Some(&*edited), "edited is edited");
    }
    for line in head.headers.get_all(COOKIE) {
        if let Some(left) = cookies_without_credential(line, COOKIE_NAME) {
            let mut headers = http::HeaderMap::new();
            headers.insert(COOKIE, left);
            assert_eq!(
                credential(&message::head(headers, None), COOKIE_NAME),
                Ok(None),
                "the cookie is gone"
            );
        }
    }
}

fn without(query: &str) {
    let Some(left) = query_without_credential(query) else { return };
    assert_eq!(credential(&message::head(http::HeaderMap::new(), Some(left.clone())), COOKIE_NAME), Ok(None));
    let mut kept = pairs(query);
    kept.retain(|(name, _)| name != "access_token");
    assert_eq!(pairs(&left), kept, "every other parameter stays as it is");
}

/// Parameters, decoded by the second reader.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let mut ahead = rest.clone();
            let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
            match (byte, digit(), digit()) {
                (b'%', Some(high), Some(low)) => {
                    bytes.push((high * 16 + low) as u8);
                    rest = ahead;
                }
                (b'+', ..) => bytes.push(b' '),
                _ => bytes.push(byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

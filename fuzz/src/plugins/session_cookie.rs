//! Any bytes as cookies of a request, as a sealed session, and as a stored one.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use keybound_plugins::fuzzing::{
    hide_session, session_cookie, session_cookie_of, session_opened, session_record, session_sealed,
};

/// What was set is found again; nothing opens that was not sealed here; hidden cookies are not there any more.
pub fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(8) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value);
        }
    }
    let found = session_cookie(&headers, "session");
    if let Some(sealed) = &found {
        assert!(sealed.len() < data.len());
        assert_eq!(session_opened(b"secret", sealed), None, "nobody here sealed it");
        let lines = session_cookie_of("session", sealed);
        if let Some(lines) = lines {
            assert!(lines.len() <= 4 && lines.iter().all(|line| line.len() <= 4096));
            assert_eq!(session_cookie(&sent_back(&lines), "session").as_ref(), Some(sealed));
        }
    }
    hide_session(&mut headers, "session");
    assert_eq!(session_cookie(&headers, "session"), None);
    assert!(session_opened(b"secret", data).is_none(), "nobody here sealed it");
    let sealed = session_sealed(b"secret", data).expect("sealed");
    assert_eq!(session_opened(b"secret", &sealed).as_deref(), Some(data));
    assert_eq!(session_opened(b"other", &sealed), None);
    if let Some(written) = session_record(data) {
        assert_eq!(session_record(&written).as_ref(), Some(&written), "one record, one text");
    }
}

fn sent_back(lines: &[HeaderValue]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let pair = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        headers.append(COOKIE, HeaderValue::from_bytes(pair).expect("a cookie"));
    }
    headers
}

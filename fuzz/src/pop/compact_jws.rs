//! Any bytes as a compact JWS.

use keybound_pop::base64url;
use keybound_pop::jws::CompactJws;

const MAX: usize = 16 * 1024;

/// What is read as a compact JWS is the one text that says so.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(jws) = CompactJws::parse(text, MAX) else { return };
    assert!(text.len() <= MAX);
    let again = format!(
        "{}.{}.{}",
        jws.header_segment(),
        base64url::encode(jws.payload()),
        base64url::encode(jws.signature())
    );
    assert_eq!(again, text, "one JWS, one text");
    assert_eq!(
        jws.signing_input(),
        text.rsplit_once('.').map(|(signed, _)| signed.as_bytes()).unwrap_or_default()
    );
    for refused in ["crit", "b64", "zip"] {
        assert!(!jws.header().contains_key(refused));
    }
    if let Ok(claims) = jws.claims() {
        let read: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(jws.payload()).expect("what the strict reader takes, any reader takes");
        assert_eq!(claims.len(), read.len(), "no member is named twice");
    }
    let _ = (jws.alg(), jws.kid(), jws.typ());
}

//! A status, a line for `Retry-After`, and any bytes as the answer about a token.

use keybound_oidc::fuzzing::{claims, introspection};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::time::UnixTime;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Only 200 with one JSON object says anything; a token that holds now ends later than now; a `cnf` is never overlooked.
pub fn run(data: &[u8]) {
    let Some((status, rest)) = data.split_first_chunk::<1>() else { return };
    let status = match status[0] {
        b'0'..=b'9' => 200,
        byte => 200 + u16::from(byte) * 2,
    };
    let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (retry_after, body) = rest.split_at(at);
    let answer = introspection(status, Some(retry_after), body);
    assert_eq!(answer, introspection(status, Some(retry_after), body), "the same twice");
    let Ok(object) = answer else { return };
    assert_eq!(status, 200);
    let read: serde_json::Value =
        serde_json::from_slice(body).expect("what the strict reader takes, any reader takes");
    assert_eq!(read.as_object().map(serde_json::Map::len), Some(object.len()), "no member is named twice");
    if let Ok(Some(end)) = claims(&object, NOW) {
        assert!(end > NOW.secs());
    }
    match Confirmation::from_claims(&object) {
        Ok(confirmation) => {
            let bound = confirmation.jkt.is_some() || confirmation.x5t_s256.is_some();
            assert_eq!(
                bound,
                object.contains_key("cnf"),
                "a cnf that is not understood is no plain bearer token"
            );
        }
        Err(_) => assert!(object.contains_key("cnf")),
    }
}

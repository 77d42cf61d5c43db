//! Any bytes as a nonce that a client sends back.

use std::sync::LazyLock;

use keybound_pop::nonce::{NonceFault, NonceKeys};
use keybound_pop::time::UnixTime;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

static KEYS: LazyLock<NonceKeys> =
    LazyLock::new(|| NonceKeys::new(&["newer", "older"]).expect("two secrets"));
static GIVEN: LazyLock<String> = LazyLock::new(|| KEYS.seal(NOW, b"here", [7; 12]));

/// Nothing opens but what was given out, and that only here and only in its time.
pub fn run(data: &[u8]) {
    assert!(KEYS.open(&GIVEN, b"here", NOW, 300, 10).is_ok());
    let Ok(text) = std::str::from_utf8(data) else { return };
    let opened = KEYS.open(text, b"here", NOW, 300, 10);
    assert_eq!(opened.is_ok(), text == *GIVEN);
    if opened.is_err() {
        assert_eq!(opened, Err(NonceFault::Unknown), "what is not ours has no time");
    }
    assert_eq!(KEYS.open(text, b"elsewhere", NOW, 300, 10), Err(NonceFault::Unknown));
    // Spliced into the one that was given out, at a place that the bytes choose.
    let at = data.first().map_or(0, |byte| usize::from(*byte) % GIVEN.len());
    let spliced: String = GIVEN.chars().take(at).chain(text.chars()).chain(GIVEN.chars().skip(at)).collect();
    assert_eq!(KEYS.open(&spliced, b"here", NOW, 300, 10).is_ok(), spliced == *GIVEN);
}

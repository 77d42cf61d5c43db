//! Any bytes as the value of a `DPoP` field, for the request of RFC 9449 §7.1.

use std::sync::LazyLock;

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::htu::Target;
use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::{self, NoCache, NoncePolicy, ORDER, Policy, Request};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::UnixTime;

const NOW: UnixTime = UnixTime::from_secs(1_562_262_618);
const POLICY: Policy = Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 };

static TARGETS: LazyLock<[Target; 1]> =
    LazyLock::new(|| [Target::parse("https://resource.example.org/protectedresource").expect("a URL")]);
static JKT: LazyLock<Thumbprint> =
    LazyLock::new(|| Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").expect("a thumbprint"));
static KEYS: LazyLock<NonceKeys> = LazyLock::new(|| NonceKeys::new(&["secret"]).expect("a secret"));

/// A proof passes only for the key, the time and the size that were asked for; every refusal has a step and a text that may be shown.
pub fn run(data: &[u8]) {
    let hash = token_hash(b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    let request = Request {
        method: "GET",
        targets: &*TARGETS,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    for nonce in [NoncePolicy::Ignore, NoncePolicy::Accept(&KEYS, b""), NoncePolicy::Require(&KEYS, b"")] {
        match proof::check(&[data], &request, &JKT, &POLICY, nonce, NOW, &NoCache) {
            Ok(verified) => {
                assert_eq!(verified.thumbprint, *JKT);
                assert!(verified.keep_until >= NOW);
                assert!(data.len() <= POLICY.max_length);
                let altered = [data, b"A"].concat();
                assert!(proof::check(&[&altered], &request, &JKT, &POLICY, nonce, NOW, &NoCache).is_err());
            }
            Err(fault) => {
                assert!(ORDER.contains(&fault.step()));
                let shown = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
                assert!(fault.description().bytes().all(shown));
                let _ = proof::detail(fault, &[data], &request, NOW);
            }
        }
    }
}

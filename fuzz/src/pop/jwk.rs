//! Any JSON object as a public key.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::json;
use keybound_pop::jwk::PublicKey;

/// A key that is accepted has one spelling and no private part, fits at least one algorithm, and verifies no empty or null signature.
pub fn run(data: &[u8]) {
    let Ok(jwk) = json::parse_object(data, json::MAX_DEPTH) else { return };
    let Ok(key) = PublicKey::from_jwk(&jwk) else { return };
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!jwk.contains_key(private));
    }
    let again = PublicKey::from_jwk(&key.to_jwk()).expect("its own spelling is read");
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(again.to_jwk(), key.to_jwk());
    for (name, value) in key.to_jwk() {
        assert_eq!(jwk.get(&name), Some(&value), "{name} was written so");
    }
    assert!(Algorithm::ALL.into_iter().any(|algorithm| key.fits(algorithm)));
    if let Some(bits) = key.modulus_bits() {
        assert!((2048..=8192).contains(&bits));
    }
    for algorithm in Algorithm::ALL {
        for length in [0, 64, 96, 132, 256] {
            assert!(key.verify(algorithm, b"message", &vec![0; length]).is_err());
        }
    }
}

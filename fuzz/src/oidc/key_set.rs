//! Any line as the `kid` of a token, and what follows as its issuer's key set.

use keybound_oidc::fuzzing::key_set;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::jwk::PublicKey;
use serde_json::Value;

/// A set has at most as many keys as members, a token is tried with eight at most, and each of them fits its algorithm.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (kid, document) = data.split_at(at);
    let kid = std::str::from_utf8(kid).ok().and_then(|line| line.strip_suffix('\n'));
    let Ok((keys, left_out, tried)) = key_set(document, kid) else { return };
    let whole: Value =
        serde_json::from_slice(document).expect("what the strict reader takes, any reader takes");
    let members = whole["keys"].as_array().expect("keys");
    assert_eq!(keys + left_out, members.len());
    assert!(keys <= 128);
    let fit: Vec<PublicKey> =
        members.iter().filter_map(|member| PublicKey::from_jwk(member.as_object()?).ok()).collect();
    for (algorithm, thumbprints) in Algorithm::ALL.into_iter().zip(&tried) {
        assert!(thumbprints.len() <= 8);
        for thumbprint in thumbprints {
            // A set may hold one key twice, for two algorithms.
            let fits = |key: &PublicKey| key.thumbprint().to_string() == *thumbprint && key.fits(algorithm);
            assert!(fit.iter().any(fits), "{thumbprint} {algorithm:?}");
        }
    }
    if let Some(kid) = kid {
        let named = members.iter().filter(|member| member["kid"].as_str() == Some(kid)).count();
        assert!(tried.iter().all(|thumbprints| thumbprints.len() <= named));
    }
}

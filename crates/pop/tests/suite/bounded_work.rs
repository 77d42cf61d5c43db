//! Inputs made to cost much: each is refused by a named fault, within what a test run can wait for, on a small stack.

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::base64url;
use keybound_pop::htu::{self, HtuFault, Target};
use keybound_pop::json::{self, JsonFault};
use keybound_pop::jwk::{KeyFault, PublicKey};
use keybound_pop::jws::{CompactJws, JwsFault};
use keybound_pop::proof::{ProofFault, ProofHeader};
use serde_json::json;

use crate::object;

/// The default length of a proof.
const CAP: usize = 8192;
/// Each input comes so often that work beyond linear would show as a test that never ends.
const TIMES: usize = 50;

#[test]
fn nesting_and_long_numbers_and_many_members() {
    let many = |one: &dyn Fn(usize) -> String| (0..CAP / 8).map(one).collect::<Vec<_>>().join(",");
    for (text, expected) in [
        (format!("{{\"a\":{}", "[".repeat(CAP)), Err(JsonFault::TooDeep)),
        ("{\"a\":".repeat(CAP / 5), Err(JsonFault::TooDeep)),
        (format!("{{\"a\":{}}}", "9".repeat(CAP)), Err(JsonFault::Syntax)),
        (format!("{{\"a\":1{}e-9999}}", "0".repeat(CAP)), Ok(1)),
        (format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(CAP / 6)), Ok(1)),
        (format!("{{{}}}", many(&|at| format!("\"{at}\":0"))), Ok(CAP / 8)),
        (format!("{{{}}}", many(&|at| format!("\"{}\":0", at % (CAP / 8 - 1)))), Err(JsonFault::Duplicate)),
        (format!("{{{}", " ".repeat(CAP)), Err(JsonFault::Syntax)),
    ] {
        for _ in 0..TIMES {
            let got = json::parse_object(text.as_bytes(), json::MAX_DEPTH).map(|object| object.len());
            assert_eq!(got, expected, "{text:.40}");
        }
    }
}

#[test]
fn nesting_needs_no_stack_to_speak_of() {
    let text = format!("{{\"a\":{}", "[".repeat(1_000_000));
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let got = small.spawn(move || json::parse_object(text.as_bytes(), json::MAX_DEPTH).err()).unwrap().join();
    assert_eq!(got.unwrap(), Some(JsonFault::TooDeep));
}

#[test]
fn dots_and_garbage_for_a_proof() {
    for (text, expected) in [
        (".".repeat(CAP), JwsFault::Parts),
        ("a".repeat(CAP), JwsFault::Parts),
        (format!("{}.a.a", "a".repeat(CAP - 4)), JwsFault::Header),
        (format!("{}.AA.AA", "_".repeat(CAP - 8)), JwsFault::Header),
        ("a".repeat(CAP + 1), JwsFault::TooLong),
    ] {
        for _ in 0..TIMES {
            assert_eq!(CompactJws::parse(&text, CAP).err(), Some(expected), "{text:.10}");
        }
    }
}

#[test]
fn long_hosts_and_paths() {
    let target = Target::parse("https://h/p").unwrap();
    for (claim, expected) in [
        (format!("https://{}/p", "a".repeat(CAP)), HtuFault::Host),
        (format!("https://{}/p", "\u{fc}".repeat(CAP / 2)), HtuFault::Host),
        (format!("https://{}/p", "a.".repeat(CAP / 2)), HtuFault::Host),
        (format!("https://{}/p", "@".repeat(CAP)), HtuFault::UserInfo),
        (format!("https://h{}/p", ":".repeat(CAP)), HtuFault::Host),
        (format!("https://h:{}/p", "1".repeat(CAP)), HtuFault::Port),
        (format!("https://[{}]/p", ":".repeat(CAP)), HtuFault::Host),
        (format!("https://h/{}", "../".repeat(CAP / 3)), HtuFault::PathMismatch),
        (format!("https://h/{}", "a/".repeat(CAP / 2)), HtuFault::PathMismatch),
        (format!("https://h/{}", "%41".repeat(CAP / 3)), HtuFault::PathMismatch),
        (format!("https://h/{}", "\u{fc}".repeat(CAP / 2)), HtuFault::PathMismatch),
    ] {
        for _ in 0..TIMES {
            assert_eq!(htu::compare(&claim, &target, false), Err(expected), "{claim:.20}");
        }
    }
}

#[test]
fn keys_of_any_size_are_judged_before_they_are_used() {
    let one_bit_too_many = base64url::encode(&[&[1][..], &[0xff; 1024]].concat());
    for (jwk, expected) in [
        (json!({"kty": "RSA", "n": "_".repeat(CAP / 2), "e": "AQAB"}), KeyFault::ModulusSize),
        (json!({"kty": "RSA", "n": one_bit_too_many, "e": "AQAB"}), KeyFault::ModulusSize),
        (json!({"kty": "RSA", "n": "_".repeat(400), "e": "_".repeat(CAP / 2)}), KeyFault::Exponent),
        (json!({"kty": "EC", "crv": "P-256", "x": "_".repeat(CAP / 2), "y": "AA"}), KeyFault::Length),
        (json!({"kty": "EC", "crv": "P-256", "x": "", "y": ""}), KeyFault::Length),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": "_".repeat(CAP / 2)}), KeyFault::Length),
        (json!({"kty": "EC", "crv": "P-256", "key_ops": vec!["a"; 2000]}), KeyFault::Operations),
    ] {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).to_string();
        let segment = base64url::encode(header.as_bytes());
        for _ in 0..TIMES {
            assert_eq!(PublicKey::from_jwk(&object(jwk.clone())).err(), Some(expected), "{header:.60}");
            let got = ProofHeader::parse(&segment, AlgorithmSet::ALL).err();
            assert_eq!(got, Some(ProofFault::Jwk(expected)), "{header:.60}");
        }
    }
}
